/** A machine that goes back: what it was waiting for at the cut, and what has come of that since. */
import { act, fromWork, reply, supervisor, type Logic } from "@orgtree/runtime";
import { assign, setup } from "xstate";
import { beforeEach, describe, expect, test } from "vitest";
import { World } from "./world.ts";

let begun = 0;
let gate = Promise.withResolvers<number>();
beforeEach(() => {
  begun = 0;
  gate = Promise.withResolvers();
});

const work = fromWork<unknown, number>({
  kind: "irreversible",
  run: () => {
    begun++;
    return gate.promise;
  },
});

interface Came {
  readonly came?: number;
}

const desk = setup({ types: {} as { context: Came; output: number }, actors: { work } }).createMachine({
  initial: "working",
  context: {},
  states: {
    working: { invoke: { id: "work", src: "work", onDone: { target: "done", actions: assign({ came: ({ event }) => event.output }) } } },
    done: { type: "final" },
  },
  output: ({ context }) => context.came!,
});

const clerk = setup({
  types: {} as { context: Came; events: { readonly type: "WORK" | "DEEP" | "GET" | "END" } },
  actors: { work, desk },
  actions: { mark: act((turn) => turn.checkpoint("c")), answer: reply(({ context }) => context.came) },
}).createMachine({
  initial: "idle",
  context: {},
  on: { END: ".over" },
  states: {
    idle: { on: { WORK: "working", DEEP: "waiting" } },
    working: { entry: "mark", invoke: { src: "work", onDone: { target: "done", actions: assign({ came: ({ event }) => event.output }) } } },
    waiting: { entry: "mark", invoke: { src: "desk", onDone: { target: "done", actions: assign({ came: ({ event }) => event.output }) } } },
    done: { on: { GET: { actions: "answer" } } },
    over: { type: "final" },
  },
});

const org = { id: "org", logic: supervisor({ children: [{ id: "m", logic: clerk as unknown as Logic }] }) };

describe.each([
  { whose: "its own work", type: "WORK" },
  { whose: "the work of its child", type: "DEEP" },
])("a machine that goes back to where $whose was under way", ({ type }) => {
  async function start(): Promise<World> {
    const world = new World();
    await world.start(org);
    await world.tell("/org/m", { type });
    return world;
  }

  async function goBack(world: World): Promise<void> {
    await Promise.all([world.system.rollBack("/org/m", { to: "c", consent: true }), world.clock.settle()]);
  }

  test("takes what has come of it since, and does not have it done again", async () => {
    const world = await start();
    gate.resolve(42);
    await world.clock.settle();
    for (let times = 0; times < 3; times++) {
      expect(await world.ask("/org/m", { type: "GET" })).toBe(42);
      await goBack(world);
    }
    await world.crash();
    await world.start(org);
    expect(await world.ask("/org/m", { type: "GET" })).toBe(42);
    expect(begun).toBe(1);
  });

  test("takes it also where it had come, and was not stored as taken", async () => {
    const world = await start();
    world.system.tell("/org/m", { type: "OTHER" });
    gate.resolve(42);
    await world.clock.settle();
    await goBack(world);
    expect(await world.ask("/org/m", { type: "GET" })).toBe(42);
    expect(begun).toBe(1);
  });

  test("has its supervisor told where nobody knows what came of it", async () => {
    const world = await start();
    await goBack(world);
    const reports = world.events.flatMap((event) => (event.type === "report" ? [event.report] : []));
    expect(reports.find(({ context }) => context === "child-terminated")).toMatchObject({
      child: "m",
      chain: [{ class: "unknown-outcome" }],
    });
    expect(begun).toBe(1);
  });
});
