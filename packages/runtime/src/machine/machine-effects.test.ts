import { assign, createMachine, emit, fromCallback, fromObservable, fromTransition, log, sendTo } from "xstate";
import { describe, expect, test } from "vitest";
import { machineOf, startWorld } from "./machine.fixture.ts";

describe("what a machine does beside changing its state", () => {
  test("its log goes to the logger of the system, with its address", async () => {
    await using world = startWorld();
    const say = [log("hello"), log(({ context }) => context["n"], "count"), log(({ event }) => ({ type: event.type }))];
    await world.start(machineOf({ a: { on: { GO: { actions: say } } } }, { context: { n: 3 } }));
    await world.tell({ type: "GO" });
    expect(world.log).toMatchObject([
      { level: "info", message: "hello", facts: { address: "/m" } },
      { level: "info", message: "count", facts: { address: "/m", value: 3 } },
      { level: "info", message: "log", facts: { address: "/m", value: { type: "GO" } } },
    ]);
  });

  test("what it emits is told to those who observe the system", async () => {
    await using world = startWorld();
    await world.start(machineOf({ a: { on: { GO: { actions: emit({ type: "progress", percent: 40 } as never) } } } }));
    await world.tell({ type: "GO" });
    expect(world.of("emitted")).toMatchObject([{ address: "/m", event: { type: "progress", percent: 40 } }]);
  });

  test("its change of state is told after the turn counts, with the names of the states", async () => {
    await using world = startWorld();
    const regions = { left: { initial: "x", states: { x: {} } }, right: { initial: "y", states: { y: { on: { NEXT: "z" } }, z: {} } } };
    await world.start(machineOf({ a: { on: { GO: "b" } }, b: { type: "parallel", states: regions } }));
    await world.tell({ type: "GO" });
    await world.tell({ type: "NEXT" });
    expect(world.of("state-changed").map(({ from, to }) => `${from} → ${to}`)).toEqual([
      " → a",
      "a → b.{left.x, right.y}",
      "b.{left.x, right.y} → b.{left.x, right.z}",
    ]);
  });

  test("an action sees the state that counts, not the one before", async () => {
    await using world = startWorld();
    const seen: unknown[] = [];
    const look = ({ self }: { self: { getSnapshot(): { value: unknown } | undefined } }) => void seen.push(self.getSnapshot()?.value);
    await world.start(machineOf({ a: { entry: look as never, on: { GO: { target: "b", actions: look as never } } }, b: {} }));
    await world.tell({ type: "GO" });
    expect(seen).toEqual(["a", "b"]);
  });
});

test("the context factory runs once for each incarnation, with the input of the spec", async () => {
  await using world = startWorld();
  const inputs: unknown[] = [];
  const context = ({ input }: { input: unknown }): object => {
    inputs.push(input);
    return {};
  };
  await world.start(machineOf({ a: { on: { GO: {} } } }, { context }), { input: { task: "write" } });
  for (const type of ["GO", "GO"]) await world.tell({ type });
  expect(inputs).toEqual([{ task: "write" }]);
});

describe("a child of any kind", () => {
  test("is sent to, and its snapshots come to onSnapshot", async () => {
    await using world = startWorld();
    const counter = fromTransition((count: number) => count + 1, 0);
    const keep = assign({
      seen: ({ context, event }) => [
        ...(context["seen"] as number[]),
        (event as never as { snapshot: { context: number } }).snapshot.context,
      ],
    });
    const invoke = { src: counter, id: "counter", onSnapshot: { actions: keep } };
    await world.start(
      machineOf(
        { a: { invoke, on: { ADD: { actions: sendTo("counter", { type: "ADD" }) } } } },
        { context: { seen: [] }, output: ({ context }) => context["seen"] },
      ),
    );
    for (const type of ["ADD", "ADD", "END"]) await world.tell({ type });
    expect(world.exits()).toMatchObject([{ output: [0, 1, 2] }]);
  });

  test("may be an observable, which is left when its state is", async () => {
    await using world = startWorld();
    let left = 0;
    const observable = fromObservable(
      () =>
        ({
          subscribe: (observer: { next(value: number): void }) => {
            for (const value of [1, 2, 3]) observer.next(value);
            return { unsubscribe: () => void left++ };
          },
        }) as never,
    );
    const onSnapshot = { guard: ({ event }: { event: { snapshot: { context?: unknown } } }) => event.snapshot.context === 3, target: "b" };
    await world.start(machineOf({ a: { invoke: { src: observable, onSnapshot: onSnapshot as never } }, b: {} }));
    expect(world.state()).toBe("b");
    expect(left).toBe(1);
  });

  test("may be a callback that hears and answers", async () => {
    await using world = startWorld();
    const echo = fromCallback(({ sendBack, receive }) => receive(({ type }) => sendBack({ type: `${type} BACK` })));
    await world.start(
      machineOf({
        a: { invoke: { src: echo, id: "echo" }, on: { GO: { actions: sendTo("echo", { type: "HELLO" }) }, "HELLO BACK": "b" } },
        b: {},
      }),
    );
    await world.tell({ type: "GO" });
    expect(world.state()).toBe("b");
  });

  test("may be a machine of machines", async () => {
    await using world = startWorld();
    const leaf = createMachine({ initial: "x", states: { x: { after: { 10: "done" } }, done: { type: "final" } }, output: { sum: 1 } });
    const middle = createMachine({ initial: "x", states: { x: { invoke: { src: leaf, onDone: "done" } }, done: { type: "final" } } });
    await world.start(machineOf({ a: { invoke: { src: middle, onDone: "b" } }, b: {} }));
    await world.clock.advance(10);
    expect(world.state()).toBe("b");
  });
});
