/** Replay: what was computed is computed again, from the journal alone. Each test of this directory is replayed as well; see `World`. */
import type { ChildSpec } from "@orgtree/core";
import { MemoryJournal } from "@orgtree/journal";
import { fromWork, plain, replay, supervisor, work, type Logic, type ReplayOptions, type ReplayReport } from "@orgtree/runtime";
import { describe, expect, test } from "vitest";
import { assign, fromCallback, fromPromise, sendParent, setup } from "xstate";
import { World } from "./world.ts";

let calls = 0;
const call = { kind: "idempotent", run: (input: unknown) => Promise.resolve(`${++calls}: ${JSON.stringify(input)}`) } as const;

/** Adds up, asks, delivers, works, has timers, fails. */
function clerkWith(add: (sum: number, n: number) => number): Logic {
  return plain<{ readonly sum: number; readonly heard: readonly string[] }, { readonly do: string; readonly n: number }>({
    version: "1",
    works: { call: work(call) },
    init: () => ({ sum: 0, heard: [] }),
    receive(state, order, turn) {
      if (order.do === "fail") throw new RangeError("failed");
      if (order.do === "ask") turn.ask("/org/two", { do: "add", n: order.n }, { tag: "asked" });
      if (order.do === "deliver") turn.deliver("/org/two", { do: "add", n: order.n });
      if (order.do === "work") turn.run("call", { n: order.n });
      if (order.do === "later") turn.setTimer("later", order.n);
      if (turn.replyTo !== undefined) turn.reply(state.sum);
      return { ...state, sum: add(state.sum, order.n) };
    },
    signal: (state, signal) => ({ ...state, heard: [...state.heard, JSON.stringify(signal)] }),
  });
}
const clerk = clerkWith((sum, n) => sum + n);

/** A machine with all kinds of children. */
function machineWith(now: () => number): Logic {
  const inner = setup({ actors: { wait: fromPromise(() => Promise.resolve("waited")) } }).createMachine({
    initial: "waiting",
    on: { END: ".over" },
    states: {
      waiting: { invoke: { id: "wait", src: "wait", onDone: { target: "late", actions: sendParent({ type: "HELLO" }) } } },
      late: { after: { 500: "over" } },
      over: { type: "final" },
    },
    output: { inner: "over" },
  });
  return setup({
    types: { context: {} as { heard: readonly string[]; at: number } },
    actors: {
      inner,
      call: fromWork(call),
      bad: fromPromise(() => Promise.reject(new RangeError("no"))),
      ticks: fromCallback(({ sendBack }) => sendBack({ type: "TICK" })),
    },
  }).createMachine({
    id: "m",
    context: { heard: [], at: 0 },
    initial: "idle",
    on: {
      END: ".over",
      "*": { actions: assign({ heard: ({ context, event }) => [...context.heard, event.type] }) },
    },
    states: {
      idle: { on: { GO: "calling" } },
      calling: {
        entry: assign({ at: () => now() }),
        invoke: {
          id: "call",
          src: "call",
          input: ({ event }: { readonly event: unknown }) => event,
          onDone: { target: "both", actions: assign({ heard: ({ context, event }) => [...context.heard, String(event.output)] }) },
        },
      },
      both: {
        invoke: [
          { id: "inner", src: "inner", onDone: "trying" },
          { id: "ticks", src: "ticks" },
        ],
      },
      trying: {
        invoke: {
          id: "bad",
          src: "bad",
          onError: { target: "idle", actions: assign({ heard: ({ context, event }) => [...context.heard, String(event.error)] }) },
        },
      },
      over: { type: "final" },
    },
  }) as unknown as Logic;
}

const org = (clerkLogic: Logic = clerk, machineLogic = machineWith(() => 7)): Logic =>
  supervisor({
    intensity: { maxRestarts: 10, periodMs: 1_000 },
    children: [
      { id: "one", logic: clerkLogic },
      { id: "two", logic: clerkLogic },
      { id: "m", logic: machineLogic, restart: "permanent" },
    ],
  });

async function live(machineLogic = machineWith(() => 7)): Promise<World> {
  const world = new World();
  world.isReplayed = false;
  await world.start({ id: "org", logic: org(clerk, machineLogic) });
  for (const what of ["add", "ask", "deliver", "work", "later", "fail", "add"]) {
    await world.tell("/org/one", { do: what, n: 5 });
    await world.tell("/org/m", { type: "GO" });
    await world.clock.advance(600);
  }
  await world.ask("/org/two", { do: "add", n: 1 });
  await world.tell("/org/m", { type: "END" });
  await world.crash(1_000);
  await world.start({ id: "org", logic: org(clerk, machineLogic) });
  await world.tell("/org/one", { do: "add", n: 2 });
  return world;
}

const replayed = (world: World, logic: Logic, options: ReplayOptions = {}): Promise<ReplayReport> =>
  replay(new MemoryJournal(world.file), [{ id: "org", logic }], options);

describe("replay", () => {
  test("leads to the same states, and does nothing", async () => {
    const world = await live();
    const before = calls;
    const report = await replayed(world, org());
    expect(report).toEqual({
      computed: expect.any(Number),
      decided: 2,
      skipped: { decision: expect.any(Number) },
      actors: 5,
      divergence: undefined,
    });
    expect(report.computed).toBeGreaterThan(40);
    expect(calls).toBe(before);
  });

  test("names the first turn that leads elsewhere, and what differs", async () => {
    const world = await live();
    const { divergence } = await replayed(world, org(clerkWith((sum, n) => (n === 1 ? sum : sum + n))));
    expect(divergence).toMatchObject({
      address: "/org/two",
      cause: { kind: "message", message: { do: "add", n: 1 } },
      changes: [{ kind: "changed", path: ["state", "sum"], before: 11, after: 10 }],
      threw: undefined,
    });
  });

  test("decides again what supervisors have decided, and names the first decision that would be another now", async () => {
    const org = (maxRestarts: number): ChildSpec<Logic> => {
      const answers = {
        crash: [{ directive: "resume", intensity: { maxRestarts: 1, periodMs: 1_000 } }, { directive: "restart" }],
      } as const;
      const children = ["a", "b", "c"].map((id) => ({ id, logic: clerk, onFailure: answers, backoff: { minMs: 50, maxMs: 400 } }));
      return { id: "org", logic: supervisor({ strategy: "rest-for-one", intensity: { maxRestarts, periodMs: 10_000 }, children }) };
    };
    const world = new World();
    await world.start(org(3));
    for (let times = 0; times < 3; times++) {
      await world.tell("/org/b", { do: "fail", n: 1 });
      await world.tell("/org/b", { do: "fail", n: 1 });
      await world.clock.advance(500);
      await world.crash(500);
      await world.start(org(3));
      await world.tell("/org/a", { do: "fail", n: 1 });
      await world.clock.advance(5_000);
    }
    const again = (maxRestarts: number): Promise<ReplayReport> => replay(new MemoryJournal(world.file), [org(maxRestarts)]);
    const { decided, divergence } = await again(3);
    expect(divergence).toBeUndefined();
    expect(decided).toBeGreaterThanOrEqual(6);
    const { divergence: other } = await again(1);
    expect(other).toMatchObject({ address: "/org", cause: { type: "retry" } });
    expect(other!.changes.map(({ path }) => path[0])).toContain("steps");
    expect(other!.position).toBeGreaterThan(0);
  });

  test("finds what is read of the clock or of chance, past the runtime", async () => {
    let now = 0;
    const world = await live(machineWith(() => ++now));
    const { divergence } = await replayed(
      world,
      org(
        clerk,
        machineWith(() => ++now),
      ),
    );
    expect(divergence).toMatchObject({ address: "/org/m", changes: [{ path: ["state", "snapshot", "context", "at"], before: 1 }] });
  });

  test("names what a logic throws that did not throw", async () => {
    const world = await live();
    const { divergence } = await replayed(world, org(clerkWith((sum, n) => (n === 2 ? (JSON.parse("{") as number) : sum + n))));
    expect(divergence).toMatchObject({ address: "/org/one", threw: expect.stringContaining("SyntaxError") as string, changes: [] });
  });

  test("leaves out what another version computed, and says so", async () => {
    const world = await live();
    const other = { ...(clerk as ReturnType<typeof plain>), version: "2" } as Logic;
    const report = await replayed(world, org(other));
    expect(report.divergence).toBeUndefined();
    expect(report.skipped["other-logic"]).toBeGreaterThan(5);
  });

  test("knows children of templates and plans, and of those that a call brought what it is told", async () => {
    const world = new World();
    world.isReplayed = false;
    const planner = "/planner" as const;
    const logic = supervisor({
      children: [
        { id: "fresh", logic: supervisor({ strategy: "dynamic", template: { logic: clerk } }) },
        {
          id: "planned",
          logic: supervisor({
            plan: { initial: ["a", "b"], planner, children: (ids) => (ids as string[]).map((id) => ({ id, logic: clerk })) },
          }),
        },
        { id: "open", logic: supervisor({}) },
      ],
    });
    await world.start({ id: "org", logic });
    await Promise.all([world.system.supervisor("/org/fresh").startChild({ id: "x", input: 3 }), world.clock.settle()]);
    await Promise.all([world.system.supervisor("/org/open").startChild({ id: "y", logic: clerk }), world.clock.settle()]);
    for (const to of ["/org/fresh/x", "/org/planned/b", "/org/open/y"] as const) await world.tell(to, { do: "add", n: 1 });
    expect(await replayed(world, logic)).toMatchObject({ computed: 5, skipped: { "no-spec": 2 } });
    const told = await replayed(world, logic, { specOf: (address) => (address === "/org/open/y" ? { id: "y", logic: clerk } : undefined) });
    expect([told.computed, told.skipped["no-spec"], told.divergence]).toEqual([7, undefined, undefined]);
  });

  test("of a compacted journal begins with what is left", async () => {
    const world = await live();
    const journal = new MemoryJournal(world.file);
    await journal.compact({ keepAfter: 20 });
    const report = await replay(journal, [{ id: "org", logic: org() }]);
    expect(report.divergence).toBeUndefined();
    expect(report.computed).toBeGreaterThan(20);
  });
});
