import { assign, cancel, createMachine, fromPromise, raise, sendTo, setup } from "xstate";
import { describe, expect, test } from "vitest";
import { Commits } from "../actor/commits.fixture.ts";
import { machineOf, startWorld } from "./machine.fixture.ts";

const dayMs = 86_400_000;

describe("a delayed transition", () => {
  test.each([
    ["a second", 1_000],
    ["24.8 days, the longest of Node's timers", 2 ** 31 - 1],
    ["a little more than that", 2 ** 31],
    ["30 days", 30 * dayMs],
    ["ten years", 3_650 * dayMs],
  ])("after %s happens then, and not before", async (_, delayMs) => {
    await using world = startWorld();
    await world.start(machineOf({ a: { after: { [delayMs]: "b" } }, b: {} }));
    await world.clock.advance(delayMs - 1);
    expect(world.state()).toBe("a");
    await world.clock.advance(1);
    expect(world.state()).toBe("b");
  });

  test("is cancelled when its state is left", async () => {
    await using world = startWorld();
    await world.start(machineOf({ a: { after: { 10: "late" }, on: { GO: "b" } }, b: {}, late: {} }));
    await world.tell({ type: "GO" });
    await world.clock.advance(100);
    expect(world.state()).toBe("b");
    expect(world.clock.pending).toBe(0);
  });

  test("that fired just before its state was left and entered again does not happen early", async () => {
    const commits = new Commits();
    await using world = startWorld({ store: commits });
    await world.start(machineOf({ a: { after: { 10: "late" }, on: { AGAIN: { target: "a", reenter: true } } }, late: {} }));
    commits.holds = "/m";
    await world.clock.advance(9);
    await world.tell({ type: "AGAIN" });
    // While the turn of AGAIN is being committed the old timer fires, and its event waits in the mailbox.
    await world.clock.advance(1);
    expect(world.node()).toMatchObject({ label: "a", mailbox: 1 });
    commits.holds = undefined;
    commits.last.accept();
    await world.clock.settle();
    expect(world.node()).toMatchObject({ label: "a", mailbox: 0 });
    await world.clock.advance(9);
    expect(world.state()).toBe("a");
    await world.clock.advance(1);
    expect(world.state()).toBe("late");
  });

  test("starts again from zero when the state is entered again", async () => {
    await using world = startWorld();
    await world.start(machineOf({ a: { after: { 10: "late" }, on: { AGAIN: { target: "a", reenter: true } } }, late: {} }));
    await world.clock.advance(6);
    await world.tell({ type: "AGAIN" });
    await world.clock.advance(6);
    expect(world.state()).toBe("a");
    await world.clock.advance(4);
    expect(world.state()).toBe("late");
  });

  test("does not survive a restart", async () => {
    await using world = startWorld();
    const fail = assign((): never => {
      throw new Error("boom");
    });
    await world.start(machineOf({ a: { after: { 10: "late" }, on: { BAD: { actions: fail } } }, late: {} }), { restart: "permanent" });
    await world.clock.advance(6);
    await world.tell({ type: "BAD" });
    await world.clock.advance(6);
    expect(world.node()).toMatchObject({ label: "a", incarnation: 2 });
    await world.clock.advance(4);
    expect(world.state()).toBe("late");
  });

  test("by a name takes the delay that the name stands for", async () => {
    await using world = startWorld();
    const parts = setup({ types: {} as { context: { ms: number } }, delays: { patience: ({ context }) => context.ms } });
    const states = { a: { after: { patience: "b" } }, b: { after: { patience: "end" } }, end: { type: "final" } } as const;
    await world.start(parts.createMachine({ context: { ms: 50 }, initial: "a", states }));
    await world.clock.advance(49);
    expect(world.state()).toBe("a");
    await world.clock.advance(1);
    expect(world.state()).toBe("b");
  });

  test.each([
    ["is not implemented", undefined, "not implemented"],
    ["is not a number", Number.NaN, "not a number"],
  ])("whose delay %s fails the turn instead of happening at once", async (_, delay, problem) => {
    await using world = startWorld();
    const parts = setup({ delays: { patience: () => delay as number } });
    await world.start(
      parts.createMachine({ initial: "a", states: { a: { on: { GO: "b" } }, b: { after: { patience: "end" } }, end: { type: "final" } } }),
    );
    await world.tell({ type: "GO" });
    expect(world.failures()).toMatchObject([{ class: "crash", message: expect.stringContaining(problem) }]);
  });

  test("of a child happens in the child, and ends with it", async () => {
    await using world = startWorld();
    const seen: string[] = [];
    const child = createMachine({
      after: { 10: { actions: () => void seen.push("ten") }, 100: { actions: () => void seen.push("hundred") } },
    });
    await world.start(machineOf({ a: { invoke: { src: child }, on: { GO: "b" } }, b: {} }));
    await world.clock.advance(10);
    await world.tell({ type: "GO" });
    await world.clock.advance(1_000);
    expect(seen).toEqual(["ten"]);
    expect(world.clock.pending).toBe(0);
  });
});

describe("a delayed event", () => {
  test("that is raised comes after its delay, unless it is cancelled", async () => {
    await using world = startWorld();
    const actions = [raise({ type: "ONE" }, { delay: 10, id: "one" }), raise({ type: "TWO" }, { delay: 20, id: "two" })];
    await world.start(
      machineOf({ a: { entry: actions, on: { ONE: "one", TWO: "two", STOP: { actions: cancel("one") } } }, one: {}, two: {} }),
    );
    await world.tell({ type: "STOP" });
    await world.clock.advance(10);
    expect(world.state()).toBe("a");
    await world.clock.advance(10);
    expect(world.state()).toBe("two");
  });

  test("that fired is still cancelled, as long as it has not been taken up", async () => {
    const commits = new Commits();
    await using world = startWorld({ store: commits });
    const on = { LATE: "late", STOP: { actions: cancel("late") } };
    await world.start(machineOf({ a: { entry: raise({ type: "LATE" }, { delay: 10, id: "late" }), on }, late: {} }));
    commits.holds = "/m";
    await world.tell({ type: "STOP" });
    await world.clock.advance(10);
    commits.last.accept();
    await world.clock.settle();
    expect(world.state()).toBe("a");
  });

  test("that is sent again under its id comes once, at the later time", async () => {
    await using world = startWorld();
    const send = raise({ type: "TICK" }, { delay: 10, id: "tick" });
    const count = assign({ n: ({ context }) => context["n"] + 1 });
    const on = { SEND: { actions: send }, TICK: { actions: count } };
    await world.start(machineOf({ a: { entry: send, on } }, { context: { n: 0 }, output: ({ context }) => context["n"] }));
    await world.clock.advance(5);
    await world.tell({ type: "SEND" });
    await world.clock.advance(100);
    await world.tell({ type: "END" });
    expect(world.exits()).toMatchObject([{ kind: "normal", output: 1 }]);
  });

  test("to a child comes after its delay", async () => {
    await using world = startWorld();
    const child = createMachine({ initial: "x", states: { x: { on: { PING: "y" } }, y: { type: "final" } } });
    await world.start(
      machineOf({ a: { invoke: { src: child, id: "kid", onDone: "b" }, entry: sendTo("kid", { type: "PING" }, { delay: 10 }) }, b: {} }),
    );
    await world.clock.advance(9);
    expect(world.state()).toBe("a");
    await world.clock.advance(1);
    expect(world.state()).toBe("b");
  });

  test("set by a turn that threw never comes", async () => {
    await using world = startWorld();
    const fail = assign((): never => {
      throw new Error("boom");
    });
    const actions = [raise({ type: "LATE" }, { delay: 10 }), fail];
    await world.start(machineOf({ a: { on: { GO: { actions }, LATE: "late" } }, late: {} }), { onFailure: { crash: "resume" } });
    await world.tell({ type: "GO" });
    await world.clock.advance(100);
    expect(world.state()).toBe("a");
  });
});

test("a machine that ends leaves no timers behind, of its own or of its children", async () => {
  await using world = startWorld();
  const child = createMachine({ after: { 1_000: { actions: () => {} } } });
  const never = fromPromise(() => new Promise(() => {}));
  await world.start(machineOf({ a: { after: { 5_000: "end" }, invoke: [{ src: child }, { src: never }] } }));
  expect(world.system.open.timers).toBe(2);
  await world.tell({ type: "END" });
  expect(world.system.open.timers).toBe(0);
});
