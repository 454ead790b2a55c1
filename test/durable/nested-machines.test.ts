/** Machines in machines: what is below a durable machine comes back with it, and is never ahead of its records. */
import { FailureError } from "@orgtree/core";
import { fromWork, reply } from "@orgtree/runtime";
import { describe, expect, test } from "vitest";
import {
  assign,
  createMachine,
  fromCallback,
  raise,
  sendParent,
  sendTo,
  setup,
  spawnChild,
  type AnyActorRef,
  type AnyStateMachine,
} from "xstate";
import { again, ends, heardBy, label, parentOf } from "./nested-world.ts";
import { World } from "./world.ts";

/** Is in `deep` at the third level for a minute, then says so to the level above, which says so to the machine. */
function makeTower(): AnyStateMachine {
  const ground = createMachine({
    id: "ground",
    initial: "deep",
    states: {
      deep: { after: { 60_000: "told" } },
      told: { entry: sendParent({ type: "UP" }), on: { DOWN: "over" } },
      over: { type: "final" },
    },
  });
  const middle = setup({ actors: { ground } }).createMachine({
    id: "middle",
    initial: "between",
    states: {
      between: {
        invoke: { id: "ground", src: "ground", onDone: "over" },
        on: { UP: { actions: [sendParent({ type: "UP" }), sendTo("ground", { type: "DOWN" })] } },
      },
      over: { type: "final" },
    },
  });
  return setup({ actors: { middle } }).createMachine({
    id: "tower",
    initial: "up",
    context: { heard: 0 },
    on: { ...ends, UP: { actions: assign({ heard: ({ context }) => (context as { heard: number }).heard + 1 }) } },
    states: {
      up: {
        invoke: {
          id: "middle",
          src: "middle",
          onDone: [{ guard: ({ context }) => (context as { heard: number }).heard === 1, target: "done" }, { target: "wrong" }],
        },
      },
      done: {},
      wrong: {},
      over: { type: "final" },
    },
  }) as unknown as AnyStateMachine;
}

describe("children of children", () => {
  test("come back in their states, with their timers, over any number of crashes", async () => {
    const tower = makeTower();
    const world = new World();
    await world.start({ id: "m", logic: tower });
    await world.clock.advance(20_000);
    await again(world, tower, 10_000);
    await world.clock.advance(10_000);
    await again(world, tower, 10_000);
    await world.clock.advance(9_999);
    expect(label(world)).toBe("up");
    await world.clock.advance(1);
    expect(label(world)).toBe("done");
  });

  test("lose and double nothing, whichever of the turns was the last one stored", async () => {
    // The chain goes ground → middle → machine, and middle → ground → middle → machine.
    for (let stored = 1; ; stored++) {
      const tower = makeTower();
      const world = new World();
      world.file.left = stored;
      // It never comes to its end when the crash is early.
      world.system.start({ id: "m", logic: tower }).catch(() => {});
      await world.clock.settle();
      await world.clock.advance(60_000);
      const isWhole = label(world) === "done";
      world.file.left = Infinity;
      await again(world, tower);
      await world.clock.advance(60_000);
      expect({ stored, label: label(world) }).toEqual({ stored, label: "done" });
      if (isWhole) break;
    }
  });

  test("go on with their delayed sends and raises, and not with what was cancelled or whose owner was left", async () => {
    const kid = createMachine({
      id: "kid",
      initial: "a",
      states: {
        a: {
          entry: [raise({ type: "OWN" }, { delay: 5_000, id: "own" }), sendParent({ type: "LATE" }, { delay: 8_000, id: "late" })],
          on: { OWN: { actions: sendParent({ type: "OWN" }) } },
        },
      },
    });
    const logic = setup({ actors: { kid } }).createMachine({
      id: "m",
      initial: "on",
      context: { heard: [] as string[] },
      on: {
        ...ends,
        GET: { actions: reply(({ context }) => context.heard) },
        LEAVE: ".off",
        "*": { actions: assign({ heard: ({ context, event }) => [...context.heard, event.type] }) },
      },
      states: {
        on: { invoke: { id: "kid", src: "kid" }, entry: sendTo("kid", { type: "OWN" }, { delay: 2_000, id: "to-kid" }) },
        off: {},
        over: { type: "final" },
      },
    }) as unknown as AnyStateMachine;
    for (const leaves of [false, true]) {
      const world = new World();
      await world.start({ id: "m", logic });
      await world.clock.advance(1_000);
      if (leaves) await world.tell("/m", { type: "LEAVE" });
      await again(world, logic);
      await world.clock.advance(20_000);
      expect(await heardBy(world)).toEqual(leaves ? [] : ["OWN", "OWN", "LATE"]);
    }
  });

  test("begin their work again under the same keys, at every depth", async () => {
    const keys: string[] = [];
    const gates: ((value: string) => void)[] = [];
    const work = fromWork({
      kind: "idempotent",
      run: (_input: unknown, { key }) => {
        keys.push(key);
        return new Promise<string>((resolve) => gates.push(resolve));
      },
    });
    const kid = setup({ actors: { work } }).createMachine({
      id: "kid",
      initial: "busy",
      context: { got: [] as unknown[] },
      states: {
        busy: {
          invoke: [
            { id: "one", src: "work", input: 1, onDone: "over" },
            { id: "two", src: "work", input: 2 },
          ],
        },
        over: { type: "final" },
      },
    });
    const logic = setup({ actors: { kid } }).createMachine({
      id: "m",
      initial: "up",
      on: ends,
      states: { up: { invoke: { id: "kid", src: "kid", onDone: "done" } }, done: {}, over: { type: "final" } },
    }) as unknown as AnyStateMachine;
    const world = new World();
    await world.start({ id: "m", logic });
    await again(world, logic);
    await again(world, logic);
    expect(new Set(keys).size).toBe(2);
    expect(keys).toHaveLength(6);
    gates[4]!("done");
    await world.clock.settle();
    expect(label(world)).toBe("done");
    await again(world, logic);
    expect(label(world)).toBe("done");
    expect(keys).toHaveLength(6);
  });

  test("whose undeclared work was under way fail the machine with an unknown outcome, by name", async () => {
    const kid = setup({ actors: { work: fromWork({ kind: "irreversible", run: () => new Promise(() => {}) }) } }).createMachine({
      id: "kid",
      initial: "busy",
      states: { busy: { invoke: { id: "launch", src: "work", onDone: "over" } }, over: { type: "final" } },
    });
    const logic = parentOf(kid);
    const world = new World();
    await world.start({ id: "m", logic, restart: "temporary" });
    await again(world, logic);
    expect(world.events).toContainEqual(
      expect.objectContaining({
        type: "actor-failed",
        failure: expect.objectContaining({ class: "unknown-outcome", message: expect.stringContaining("launch") as string }) as object,
      }),
    );
  });

  test("that were spawned are there again, and references to them in the context lead to them", async () => {
    const kid = createMachine({
      id: "kid",
      context: { pings: 0 },
      on: {
        PING: {
          actions: [
            assign({ pings: ({ context }) => context.pings + 1 }),
            sendParent(({ context }) => ({ type: "PONG", pings: context.pings })),
          ],
        },
      },
    });
    const logic = setup({ actors: { kid }, types: {} as { context: { kid: AnyActorRef; heard: unknown[] } } }).createMachine({
      id: "m",
      context: ({ spawn }) => ({ kid: spawn("kid", { id: "by-context" }), heard: [] }),
      initial: "up",
      entry: spawnChild("kid", { id: "by-action" }),
      on: {
        ...ends,
        GET: { actions: reply(({ context }) => context.heard) },
        GO: { actions: [sendTo(({ context }) => context.kid, { type: "PING" }), sendTo("by-action", { type: "PING" })] },
        PONG: { actions: assign({ heard: ({ context, event }) => [...context.heard, (event as unknown as { pings: number }).pings] }) },
      },
      states: { up: {}, over: { type: "final" } },
    }) as unknown as AnyStateMachine;
    const world = new World();
    await world.start({ id: "m", logic });
    await world.tell("/m", { type: "GO" });
    await again(world, logic);
    await world.tell("/m", { type: "GO" });
    expect(await heardBy(world)).toEqual([1, 1, 2, 2]);
  });

  test("that failed with a class fail their machine with it, also when it hears of that after a crash", async () => {
    const message = "no such file";
    for (let stored = 1; ; stored++) {
      const work = fromWork({
        kind: "idempotent",
        run: () => Promise.reject(new FailureError({ class: "tool-error", kind: "failed", message })),
      });
      const ear = fromCallback(() => {});
      const kid = setup({ actors: { work, ear } }).createMachine({
        id: "kid",
        // The other one is stopped when the child fails: so that is one turn, and the failure of the machine the next.
        invoke: [
          { id: "work", src: "work" },
          { id: "ear", src: "ear" },
        ],
      });
      const logic = parentOf(kid);
      const world = new World();
      world.file.left = stored;
      world.system.start({ id: "m", logic, restart: "temporary" }).catch(() => {});
      await world.clock.settle();
      const failures = (): unknown =>
        world.events.flatMap((event) => (event.type === "actor-failed" ? [[event.failure.class, event.failure.message]] : []));
      const isWhole = JSON.stringify(failures()) !== "[]";
      world.file.left = Infinity;
      if (isWhole) return expect(failures()).toEqual([["tool-error", message]]);
      await again(world, logic);
      expect({ stored, failures: failures() }).toEqual({ stored, failures: [["tool-error", message]] });
    }
  });
});
