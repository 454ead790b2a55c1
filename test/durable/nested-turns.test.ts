/** Turns of machines in which children take steps: their actions come behind the record, and a turn that fails leaves nothing of theirs. */
import { describe, expect, test } from "vitest";
import { assign, createMachine, sendTo, setup, type AnyActorRef, type AnyStateMachine } from "xstate";
import { again, ends, label, parentOf } from "./nested-world.ts";
import { World } from "./world.ts";

describe("a custom action of a child", () => {
  test("happens after the record of its turn, and never if that is not stored", async () => {
    const seen: string[] = [];
    const kid = createMachine({
      id: "kid",
      initial: "a",
      states: { a: { entry: () => void seen.push("a"), after: { 1_000: "b" } }, b: { entry: () => void seen.push("b") } },
    });
    const logic = parentOf(kid);
    const world = new World();
    await world.start({ id: "m", logic });
    world.file.freeze("/m");
    await world.clock.advance(1_000);
    expect(seen).toEqual(["a"]);
    world.file.thaw();
    await again(world, logic);
    await world.clock.advance(0);
    expect(seen).toEqual(["a", "b"]);
    await again(world, logic);
    await world.clock.advance(10_000);
    expect(seen).toEqual(["a", "b"]);
  });

  test("that throws fails the child, and its machine hears of it", async () => {
    const kid = createMachine({
      id: "kid",
      initial: "a",
      states: {
        a: { on: { GO: "b" } },
        b: {
          entry: () => {
            throw new Error("boom");
          },
        },
      },
    });
    const logic = setup({ actors: { kid } }).createMachine({
      id: "m",
      initial: "up",
      on: ends,
      states: {
        up: { invoke: { id: "kid", src: "kid", onError: "sorry" }, on: { GO: { actions: sendTo("kid", { type: "GO" }) } } },
        sorry: {},
        over: { type: "final" },
      },
    }) as unknown as AnyStateMachine;
    const world = new World();
    await world.start({ id: "m", logic });
    await world.tell("/m", { type: "GO" });
    expect(label(world)).toBe("sorry");
    await again(world, logic);
    expect(label(world)).toBe("sorry");
  });
});

describe("a turn that fails behind the steps of children", () => {
  const failures = (world: World): readonly string[] =>
    world.events.flatMap((event) => (event.type === "actor-failed" ? [event.failure.message] : []));

  test("leaves no state to go on with: its actor is not resumed, but started afresh", async () => {
    const kid = createMachine({
      id: "kid",
      context: { held: undefined as unknown },
      on: { GO: { actions: assign({ held: () => () => "a function" }) } },
    });
    const logic = setup({ actors: { kid } }).createMachine({
      id: "m",
      initial: "up",
      on: { ...ends, GO: { actions: sendTo("kid", { type: "GO" }) } },
      states: { up: { invoke: { id: "kid", src: "kid" } }, over: { type: "final" } },
    }) as unknown as AnyStateMachine;
    const world = new World();
    await world.start({ id: "m", logic, onFailure: { crash: "resume" } });
    await world.tell("/m", { type: "GO" });
    expect(failures(world)).toEqual([expect.stringContaining("children.kid.snapshot.context.held is a function")]);
    expect(world.system.tree().children[0]).toMatchObject({ incarnation: 2, label: "up" });
  });

  test("because they send each other events for ever is told so", async () => {
    const echo = createMachine({
      id: "echo",
      on: { BALL: { actions: sendTo(({ system }) => system.get("wall") as AnyActorRef, { type: "BALL" }) } },
    });
    const wall = createMachine({
      id: "wall",
      on: { BALL: { actions: sendTo(({ system }) => system.get("echo") as AnyActorRef, { type: "BALL" }) } },
    });
    const logic = setup({ actors: { echo, wall } }).createMachine({
      id: "m",
      initial: "up",
      on: { ...ends, GO: { actions: sendTo("echo", { type: "BALL" }) } },
      states: {
        up: {
          invoke: [
            { id: "echo", src: "echo", systemId: "echo" },
            { id: "wall", src: "wall", systemId: "wall" },
          ],
        },
        over: { type: "final" },
      },
    }) as unknown as AnyStateMachine;
    const world = new World();
    await world.start({ id: "m", logic, restart: "temporary" });
    await world.tell("/m", { type: "GO" });
    expect(failures(world)).toEqual([expect.stringContaining("they go round in circles")]);
  });
});
