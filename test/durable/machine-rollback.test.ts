/** A machine that goes back: what it was waiting for at the cut, and what has come of that since. */
import { act, fromWork, reply, supervisor, type Logic, type WorkContext } from "@orgtree/runtime";
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

describe("work that was under way at a cut, and is stopped by the rollback to it", () => {
  const told: string[] = [];

  /** Makes a checkpoint where its work begins. */
  function booker(kind: "compensable" | "irreversible"): Logic {
    const run = (_seat: string, { signal }: WorkContext): Promise<void> =>
      new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(new Error("it was stopped")), { once: true }));
    const book = fromWork({ kind, run, undo: async () => {} });
    const machine = setup({ actors: { book }, actions: { mark: act((turn) => turn.checkpoint("c")) } }).createMachine({
      initial: "booking",
      on: { END: ".over" },
      states: {
        booking: {
          entry: "mark",
          invoke: {
            src: "book",
            input: "7",
            onError: { target: "failed", actions: ({ event }) => void told.push((event.error as Error).message) },
          },
        },
        failed: {},
        over: { type: "final" },
      },
    });
    return machine as unknown as Logic;
  }

  test.each([
    {
      kind: "compensable",
      says: /^the work \w+\/org\/m#[\d.]+ was under way at the moment to which its actor went back, and was taken back$/,
    },
    {
      kind: "irreversible",
      says: /^book\("7"\) was under way at the moment to which its actor went back, and whether it was done is unknown/,
    },
  ] as const)("is not said to have been cut off with its process: $kind", async ({ kind, says }) => {
    told.length = 0;
    const world = new World();
    const children = [{ id: "m", logic: booker(kind), onFailure: { "unknown-outcome": "resume" as const } }];
    await world.start({ id: "org", logic: supervisor({ children }) });
    const rollingBack = world.system.rollBack("/org/m", { to: "c", consent: true });
    await world.clock.advance(60_000);
    await rollingBack;
    await world.clock.settle();
    expect(told).toEqual([expect.stringMatching(says)]);
  });
});
