import { assign, fromCallback, raise } from "xstate";
import { describe, expect, test } from "vitest";
import { machineOf, startWorld } from "./machine.fixture.ts";
import { reply } from "./machine-actions.ts";

const note = assign({ done: ({ context, event }) => [...(context["done"] as number[]), (event as unknown as { n: number }).n] });
const output = ({ context }: { context: Record<string, unknown> }): unknown => context["done"];
const jobs = { context: { done: [] }, output };

/** Takes jobs only in `ready`; `postpone` is OTP's gen_statem's. */
const worker = machineOf(
  {
    busy: { meta: { postpone: ["JOB"] }, on: { READY: "ready", OTHER: "busy2" } },
    busy2: { meta: { postpone: ["JOB"] }, on: { READY: "ready" } },
    ready: { on: { JOB: { actions: note } } },
  },
  jobs,
);

describe("a postponed event", () => {
  test("is retried on a change of state, the oldest first, before what came later", async () => {
    await using world = startWorld();
    await world.start(worker);
    for (const n of [1, 2, 3]) world.system.tell("/m", { type: "JOB", n });
    await world.tell({ type: "READY" });
    await world.tell({ type: "JOB", n: 4 });
    await world.tell({ type: "END" });
    expect(world.exits()).toMatchObject([{ output: [1, 2, 3, 4] }]);
    expect(world.letters()).toEqual([]);
  });

  test.each(["STAY", "AGAIN"])("is not retried when the state stays the same (%s)", async (type) => {
    await using world = startWorld();
    let tries = 0;
    const refuse = (): boolean => {
      tries++;
      return false;
    };
    const on = {
      JOB: { guard: refuse, target: "end" },
      STAY: { actions: assign({ stayed: true }) },
      AGAIN: { target: "busy", reenter: true },
      GO: "ready",
    };
    await world.start(machineOf({ busy: { meta: { postpone: ["JOB"] }, on }, ready: { on: { JOB: { actions: note } } } }, jobs));
    await world.tell({ type: "JOB", n: 1 });
    await world.tell({ type });
    expect(tries).toBe(1);
    await world.tell({ type: "GO" });
    await world.tell({ type: "END" });
    expect(world.exits()).toMatchObject([{ output: [1] }]);
  });

  test("is postponed again by the next state that says so", async () => {
    await using world = startWorld();
    await world.start(worker);
    await world.tell({ type: "JOB", n: 1 });
    await world.tell({ type: "OTHER" });
    await world.tell({ type: "READY" });
    await world.tell({ type: "END" });
    expect(world.exits()).toMatchObject([{ output: [1] }]);
  });

  test("that the new state neither takes nor postpones is a dead letter", async () => {
    await using world = startWorld();
    await world.start(machineOf({ busy: { meta: { postpone: ["JOB"] }, on: { GO: "deaf" } }, deaf: {} }));
    await world.tell({ type: "JOB", n: 1 });
    expect(world.letters()).toEqual([]);
    await world.tell({ type: "GO" });
    expect(world.letters()).toEqual(["unhandled: JOB"]);
  });

  test("counts against the mailbox", async () => {
    await using world = startWorld();
    await world.start(worker, { mailbox: 2 });
    for (const n of [1, 2]) await world.tell({ type: "JOB", n });
    expect(() => world.system.tell("/m", { type: "READY" })).toThrow("holds 2 messages");
  });

  test("is put aside by a state around the active one too, and by any region", async () => {
    await using world = startWorld();
    const inner = { initial: "x", states: { x: { on: { READY: "#ready" } } } };
    const regions = {
      type: "parallel",
      states: { left: { ...inner, meta: { postpone: ["JOB"] } }, right: { initial: "y", states: { y: {} } } },
    } as const;
    await world.start(machineOf({ busy: regions, ready: { id: "ready", on: { JOB: { actions: note } } } }, jobs));
    await world.tell({ type: "JOB", n: 1 });
    await world.tell({ type: "READY" });
    await world.tell({ type: "END" });
    expect(world.exits()).toMatchObject([{ output: [1] }]);
  });

  test("that is handled by the state is not put aside", async () => {
    await using world = startWorld();
    await world.start(machineOf({ busy: { meta: { postpone: ["JOB"] }, on: { JOB: { actions: note } } } }, jobs));
    await world.tell({ type: "JOB", n: 1 });
    await world.tell({ type: "END" });
    expect(world.exits()).toMatchObject([{ output: [1] }]);
  });

  test("goes before raised and internal events only after its state has changed", async () => {
    await using world = startWorld();
    const child = fromCallback(({ sendBack }) => sendBack({ type: "JOB", n: 2 } as never));
    const states = {
      busy: { meta: { postpone: ["JOB"] }, on: { READY: "ready" } },
      ready: { invoke: { src: child }, entry: raise({ type: "JOB", n: 0 } as never), on: { JOB: { actions: note } } },
    };
    await world.start(machineOf(states, jobs));
    await world.tell({ type: "JOB", n: 1 });
    await world.tell({ type: "READY" });
    await world.tell({ type: "END" });
    expect(world.exits()).toMatchObject([{ output: [0, 1, 2] }]);
  });

  test("survives the restart of its actor", async () => {
    await using world = startWorld();
    const fail = assign((): never => {
      throw new Error("boom");
    });
    const states = {
      busy: { meta: { postpone: ["JOB"] }, on: { READY: "ready", BAD: { actions: fail } } },
      ready: { on: { JOB: { actions: note } } },
    };
    await world.start(machineOf(states, jobs), { restart: "transient" });
    await world.tell({ type: "JOB", n: 1 });
    await world.tell({ type: "BAD" });
    await world.tell({ type: "READY" });
    await world.tell({ type: "END" });
    expect(world.exits()).toMatchObject([{ kind: "failure" }, { output: [1] }]);
  });

  test("may be an ask, which is answered when it is taken up", async () => {
    await using world = startWorld();
    const states = { busy: { meta: { postpone: ["ASK"] }, on: { READY: "ready" } }, ready: { on: { ASK: { actions: reply("answer") } } } };
    await world.start(machineOf(states));
    const answer = world.system.ask("/m", { type: "ASK" });
    await world.clock.settle();
    await world.tell({ type: "READY" });
    await expect(answer).resolves.toBe("answer");
  });
});
