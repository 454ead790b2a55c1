import { assign, createMachine, enqueueActions, sendTo, setup, spawnChild, type AnyStateMachine } from "xstate";
import { describe, expect, test } from "vitest";
import { MachineLintError } from "../lint/lint-error.ts";
import { machine } from "./machine.ts";
import { machineOf, startWorld } from "./machine.fixture.ts";
import { supervisor } from "../supervisor/supervisor.ts";

describe("a machine that the lint refuses", () => {
  const refused: Record<string, AnyStateMachine> = {
    "no-final": createMachine({ initial: "a", states: { a: {} } }),
    "missing-action": machineOf({ a: { on: { GO: { actions: "nobody" } } } }),
    "missing-guard": machineOf({ a: { on: { GO: { guard: "nobody" } } } }),
    "missing-delay": machineOf({ a: { after: { nobody: "end" } } }),
    "missing-actor": machineOf({ a: { invoke: { src: "nobody" } } }),
    "spawn-without-id": machineOf({ a: { entry: spawnChild(createMachine({})) } }),
  };

  test.each(Object.keys(refused))("for %s is not started", async (rule) => {
    await using world = startWorld();
    for (const logic of [refused[rule]!, machine(refused[rule]!)]) {
      const error = await world.start(logic).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(MachineLintError);
      expect((error as MachineLintError).findings).toContainEqual(expect.objectContaining({ rule }));
    }
    expect(world.system.tree().children).toEqual([]);
  });

  test("keeps its supervisor from starting", async () => {
    await using world = startWorld();
    const desk = supervisor({ strategy: "one-for-one", children: [{ id: "m", logic: refused["no-final"]! }] });
    await expect(world.start(desk, { id: "desk" })).rejects.toMatchObject({ failure: { name: "MachineLintError" } });
  });
});

describe("a name that is only known at run time and has nothing behind it", () => {
  const enqueue = (action: unknown): ReturnType<typeof enqueueActions> =>
    enqueueActions((({ enqueue }: { enqueue: (action: unknown) => void }) => enqueue(action)) as never);
  const names: Record<string, readonly [unknown, string]> = {
    "of an action": [enqueue({ type: "nobody" }), 'the action "nobody" is not implemented'],
    "of an actor": [enqueue(spawnChild("nobody" as never, { id: "kid" })), 'the actor "nobody" is not implemented'],
    "of an actor in an assign": [
      assign((({ spawn }: { spawn: (src: string) => unknown }) => ({ kid: spawn("nobody") })) as never),
      "'nobody' not implemented",
    ],
    "of a guard": [
      enqueueActions((({ check }: { check: (guard: string) => boolean }) => check("nobody")) as never),
      "'nobody' is not implemented",
    ],
    "of a child": [sendTo("nobody", { type: "HELLO" }), "Unable to send event to actor 'nobody'"],
    "of no actor at all": [sendTo((() => ({ name: "nobody" })) as never, { type: "HELLO" } as never), "something that is no actor"],
  };

  test.each(Object.keys(names))("%s fails the turn, of which nothing happens", async (kind) => {
    await using world = startWorld();
    const seen: string[] = [];
    const [action, message] = names[kind]!;
    await world.start(machineOf({ a: { on: { GO: { target: "b", actions: [() => void seen.push("action"), action as never] } } }, b: {} }));
    await world.tell({ type: "GO" });
    expect(world.failures()).toMatchObject([{ class: "crash", message: expect.stringContaining(message) }]);
    expect(seen).toEqual([]);
  });

  test("of an action fails a child machine too", async () => {
    await using world = startWorld();
    const child = createMachine({ after: { 1: { actions: "nobody" } } });
    await world.start(machineOf({ a: { invoke: { src: child, onError: "mended" } }, mended: {} }));
    await world.clock.advance(1);
    expect(world.state()).toBe("mended");
  });
});

test("a name that provide stands behind is as good as any", async () => {
  await using world = startWorld();
  const seen: string[] = [];
  const parts = setup({ actions: { greet: () => {} } }).createMachine({
    initial: "a",
    states: { a: { entry: "greet", on: { END: "end" } }, end: { type: "final" } },
  });
  await world.start(parts.provide({ actions: { greet: () => void seen.push("hello") } }));
  expect(seen).toEqual(["hello"]);
});
