import { assign, createMachine, fromCallback } from "xstate";
import { describe, expect, test } from "vitest";
import { machine } from "./machine.ts";
import { machineOf, startWorld } from "./machine.fixture.ts";

describe("a final state", () => {
  test.each([
    ["without meta is a normal end", undefined, { kind: "normal", state: "over", output: 7 }],
    ["may say that it is normal", { exit: "normal" }, { kind: "normal", state: "over", output: 7 }],
    [
      "may be a failure of a class and kind",
      { exit: "failure", class: "model-error", kind: "refusal" },
      {
        kind: "failure",
        failure: {
          class: "model-error",
          kind: "refusal",
          name: "FailedEnd",
          message: "it ended in over",
          address: "/m",
          detail: { state: "over", output: 7 },
        },
      },
    ],
    [
      "may say why",
      { exit: "failure", class: "loop", message: "it went round" },
      { kind: "failure", failure: { class: "loop", message: "it went round" } },
    ],
  ])("%s", async (_, meta, exit) => {
    await using world = startWorld();
    const states = { a: { on: { GO: "over" } }, over: { type: "final", ...(meta === undefined ? {} : { meta }) } } as const;
    await world.start(machineOf(states, { context: { n: 7 }, output: ({ context }) => context["n"] }));
    await world.tell({ type: "GO" });
    expect(world.exits()).toMatchObject([exit]);
  });

  test("of a failure that the supervisor restarts is begun anew", async () => {
    await using world = startWorld();
    const logic = machineOf({ a: { on: { GO: "over" } }, over: { type: "final", meta: { exit: "failure", class: "no-progress" } } });
    await world.start(logic, { restart: "transient" });
    await world.tell({ type: "GO" });
    expect(world.node()).toMatchObject({ label: "a", incarnation: 2 });
    expect(world.of("report")).toMatchObject([{ report: { chain: [{ class: "no-progress", address: "/m" }] } }]);
  });

  test("reached by the initial step ends the actor at once", async () => {
    await using world = startWorld();
    await world.start(createMachine({ initial: "end", states: { end: { type: "final" } } }));
    expect(world.exits()).toMatchObject([{ kind: "normal", state: "end" }]);
  });

  test("of one region that is a failure makes the end of a parallel machine one", async () => {
    await using world = startWorld();
    const region = (meta: object) => ({ initial: "x", states: { x: { on: { GO: "over" } }, over: { type: "final", meta } } }) as const;
    await world.start(
      createMachine({ type: "parallel", states: { left: region({}), right: region({ exit: "failure", class: "rejected" }) } }),
    );
    await world.tell({ type: "GO" });
    expect(world.exits()).toMatchObject([{ kind: "failure", failure: { class: "rejected" } }]);
  });

  test("inside another state is no end of the actor, whatever its meta says", async () => {
    await using world = startWorld();
    const inner = {
      initial: "x",
      states: { x: { on: { GO: "over" } }, over: { type: "final", meta: { exit: "failure", class: "rejected" } } },
    } as const;
    await world.start(machineOf({ a: { ...inner, onDone: "b" }, b: {} }));
    await world.tell({ type: "GO" });
    expect(world.state()).toBe("b");
  });

  test("runs the exit actions, and its last effects", async () => {
    await using world = startWorld();
    const seen: string[] = [];
    const note = (what: string) => () => void seen.push(what);
    await world.start(
      machineOf(
        { a: { entry: note("enter a"), exit: note("exit a"), on: { GO: { target: "end", actions: note("go") } } } },
        { exit: note("exit machine") },
      ),
    );
    await world.tell({ type: "GO" });
    expect(seen).toEqual(["enter a", "exit a", "go", "exit machine"]);
  });
});

describe("an ordered stop", () => {
  test("runs no exit actions; the terminate hook cleans up, before the children are stopped", async () => {
    await using world = startWorld();
    const seen: string[] = [];
    const child = fromCallback(() => () => void seen.push("child stops"));
    const logic = machineOf({ a: { invoke: { src: child }, exit: () => void seen.push("exit action") } }, { context: { file: "open" } });
    await world.start(
      machine(logic, { terminate: (context, exit) => void seen.push(`terminate ${(context as { file: string }).file} ${exit.kind}`) }),
    );
    await world.system.stop("/m");
    expect(seen).toEqual(["terminate open shutdown", "child stops"]);
    expect(world.exits()).toEqual([{ kind: "shutdown" }]);
  });

  test("waits for an async terminate hook, which may end with an exit of its own", async () => {
    await using world = startWorld();
    const { promise, resolve } = Promise.withResolvers<void>();
    await world.start(
      machine(machineOf({ a: {} }), { terminate: () => promise.then(() => ({ kind: "normal", state: "saved" }) as const) }),
    );
    const stopping = world.system.stop("/m");
    await world.clock.settle();
    expect(world.exits()).toEqual([]);
    resolve();
    await stopping;
    expect(world.exits()).toEqual([{ kind: "normal", state: "saved" }]);
  });

  test("is a failure when the terminate hook throws, and a kill when it takes too long", async () => {
    await using world = startWorld();
    const throws = (): never => {
      throw new Error("boom");
    };
    await world.start(machine(machineOf({ a: {} }), { terminate: throws }));
    await world.start(machine(machineOf({ a: {} }), { terminate: () => new Promise(() => {}) }), { id: "slow", shutdownMs: 50 });
    await world.system.stop("/m");
    const stopping = world.system.stop("/slow");
    await world.clock.advance(50);
    await stopping;
    expect(world.exits()).toMatchObject([{ kind: "failure", failure: { message: "boom" } }]);
    expect(world.exits("/slow")).toEqual([{ kind: "killed" }]);
  });

  test("runs no terminate hook after a failure or a normal end", async () => {
    await using world = startWorld();
    const seen: string[] = [];
    const fail = assign((): never => {
      throw new Error("boom");
    });
    const logic = machine(machineOf({ a: { on: { BAD: { actions: fail } } } }), { terminate: () => void seen.push("terminate") });
    await world.start(logic);
    await world.start(logic, { id: "done" });
    await world.tell({ type: "BAD" });
    await world.tell({ type: "END" }, "/done");
    expect(seen).toEqual([]);
  });
});

test("a machine cannot stop, watch or inspect itself behind the back of its supervisor", async () => {
  await using world = startWorld();
  const ways = [
    ({ self }: { self: { stop(): void } }) => self.stop(),
    ({ self }: { self: { subscribe(hear: () => void): unknown } }) => self.subscribe(() => {}),
    ({ self }: { self: { on(type: string, hear: () => void): unknown } }) => self.on("*", () => {}),
    ({ system }: { system: { inspect(hear: () => void): unknown } }) => system.inspect(() => {}),
  ];
  for (const [at, way] of ways.entries()) {
    await world.start(machineOf({ a: { on: { GO: { actions: way as never } } } }), { id: `m${at}` });
    await world.tell({ type: "GO" }, `/m${at}`);
    expect(world.failures(`/m${at}`)).toHaveLength(1);
  }
});

test("a context that is changed in place fails the turn, where the system freezes states", async () => {
  await using world = startWorld({ freeze: true });
  const mutate = assign(({ context }) => {
    (context["list"] as number[]).push(1);
    return {};
  });
  const add = assign(({ context }) => ({ list: [...(context["list"] as number[]), 1] }));
  await world.start(
    machineOf({ a: { on: { ADD: { actions: add }, BAD: { actions: mutate } } } }, { context: () => ({ list: [] as number[] }) }),
  );
  await world.tell({ type: "ADD" });
  expect(world.failures()).toEqual([]);
  await world.tell({ type: "BAD" });
  expect(world.failures()).toMatchObject([{ class: "crash", name: "TypeError" }]);
});
