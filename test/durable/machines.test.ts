/** Machines whose process dies: their states, their timers, and what they had begun. */
import { fromWork } from "@orgtree/runtime";
import { describe, expect, test } from "vitest";
import { assign, createMachine, fromCallback, fromPromise, setup } from "xstate";
import { World } from "./world.ts";

/** Waits a minute for its answer, and gives up. */
const patient = createMachine({
  id: "patient",
  initial: "idle",
  context: { asked: 0 },
  on: { GIVE_UP: ".over" },
  states: {
    idle: { on: { ASK: { target: "waiting", actions: assign({ asked: ({ context }) => context.asked + 1 }) } } },
    waiting: { after: { 60_000: "late" }, on: { ANSWER: "idle" } },
    late: { after: { 1_000: "idle" } },
    over: { type: "final" },
  },
});

const stateOf = (world: World): string | undefined => world.system.tree().children[0]?.label;

describe("a machine", () => {
  test("goes on in its state, and its timers with the time that is left", async () => {
    const world = new World();
    await world.start({ id: "m", logic: patient });
    await world.tell("/m", { type: "ASK" });
    await world.clock.advance(20_000);
    await world.crash(10_000);
    await world.start({ id: "m", logic: patient });
    expect(stateOf(world)).toBe("waiting");
    await world.clock.advance(29_999);
    expect(stateOf(world)).toBe("waiting");
    await world.clock.advance(1);
    expect(stateOf(world)).toBe("late");
    await world.crash();
    await world.start({ id: "m", logic: patient });
    expect(stateOf(world)).toBe("late");
    await world.clock.advance(1_000);
    expect(stateOf(world)).toBe("idle");
    await world.crash();
    await world.start({ id: "m", logic: patient });
    await world.clock.advance(100_000);
    expect(stateOf(world)).toBe("idle");
  });

  test("is not reminded of a timer whose state it left before the crash", async () => {
    const world = new World();
    await world.start({ id: "m", logic: patient });
    await world.tell("/m", { type: "ASK" });
    await world.tell("/m", { type: "ANSWER" });
    await world.crash();
    await world.start({ id: "m", logic: patient });
    await world.clock.advance(100_000);
    expect(stateOf(world)).toBe("idle");
  });

  test("begins its idempotent work again under the same key, and gives up on what may have happened", async () => {
    const keys: string[] = [];
    const never = async (_input: unknown, { key }: { readonly key: string }): Promise<string> => {
      keys.push(key);
      return new Promise(() => {});
    };
    const working = (kind: "idempotent" | "irreversible") =>
      setup({ actors: { work: fromWork({ kind, run: never }) } }).createMachine({
        id: "working",
        initial: "idle",
        states: {
          idle: { on: { GO: "busy" } },
          busy: { invoke: { id: "work", src: "work", onDone: "over" }, after: { 600_000: "over" } },
          over: { type: "final" },
        },
      });
    for (const kind of ["idempotent", "irreversible"] as const) {
      const world = new World();
      const logic = working(kind);
      await world.start({ id: "m", logic, restart: "temporary" });
      await world.tell("/m", { type: "GO" });
      await world.crash();
      await world.start({ id: "m", logic, restart: "temporary" });
      await world.clock.settle();
      const failed = world.events.flatMap((event) => (event.type === "actor-failed" ? [event.failure.class] : []));
      expect({ kind, failed }).toEqual({ kind, failed: kind === "idempotent" ? [] : ["unknown-outcome"] });
    }
    const [first, again, ...rest] = keys;
    expect(again).toBe(first);
    expect(rest).toHaveLength(1);
  });

  test("has its undeclared promises unknown, and its callbacks again", async () => {
    let listeners = 0;
    const world = new World();
    const listening = createMachine({
      id: "listening",
      initial: "a",
      states: {
        a: { invoke: { id: "ear", src: fromCallback(() => void listeners++) }, on: { GO: "b" } },
        b: { invoke: { id: "promise", src: fromPromise(() => new Promise(() => {})) }, on: { END: "end" } },
        end: { type: "final" },
      },
    });
    await world.start({ id: "m", logic: listening, restart: "temporary" });
    await world.crash();
    await world.start({ id: "m", logic: listening, restart: "temporary" });
    expect(listeners).toBe(2);
    await world.tell("/m", { type: "GO" });
    await world.crash();
    await world.start({ id: "m", logic: listening, restart: "temporary" });
    expect(world.events.flatMap((event) => (event.type === "actor-failed" ? [event.failure.class] : []))).toEqual(["unknown-outcome"]);
  });

  test("hears in its next life of work that had ended, when a turn was stored before it heard of it", async () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    const world = new World();
    const logic = setup({ actors: { work: fromWork({ kind: "irreversible", run: () => promise }) } }).createMachine({
      id: "working",
      initial: "busy",
      states: {
        busy: { invoke: { id: "work", src: "work", onDone: "idle" }, on: { NOTE: { actions: () => {} } } },
        idle: { on: { END: "over" } },
        over: { type: "final" },
      },
    });
    await world.start({ id: "m", logic, restart: "temporary" });
    // The work ends while one turn is on its way into the journal, and another one waits before its result does.
    world.system.tell("/m", { type: "NOTE" });
    world.system.tell("/m", { type: "NOTE" });
    resolve("done");
    world.file.freezeAfter(2, ({ address }) => address === "/m");
    await world.clock.settle();
    expect(stateOf(world)).toBe("busy");
    world.file.thaw();
    await world.crash();
    await world.start({ id: "m", logic, restart: "temporary" });
    await world.clock.settle();
    expect(stateOf(world)).toBe("idle");
  });

  test("whose last turn was stored, and whose end nobody has heard of, ends", async () => {
    const logic = createMachine({ id: "m", initial: "a", states: { a: { on: { END: "over" } }, over: { type: "final" } } });
    const world = new World();
    await world.start({ id: "m", logic, restart: "temporary" });
    world.file.freeze("/");
    await world.tell("/m", { type: "END" });
    world.file.thaw();
    await world.crash();
    await world.start({ id: "m", logic, restart: "temporary" });
    await world.clock.settle();
    expect(world.events.flatMap((event) => (event.type === "actor-exited" ? [event.exit.kind] : []))).toEqual(["normal"]);
  });
});
