import { FailureError, SupervisorCallError } from "@orgtree/core";
import { assign, createMachine, fromPromise, raise, type AnyStateMachine } from "xstate";
import { describe, expect, test } from "vitest";
import { machineOf, startWorld } from "./machine.fixture.ts";
import { tell } from "./machine-actions.ts";

const boom = (): never => {
  throw new Error("boom");
};

describe("a throw in the code of a machine", () => {
  const machines: Record<string, AnyStateMachine> = {
    "an action": machineOf({ a: { on: { GO: { target: "end", actions: boom } } } }),
    "an assign": machineOf({ a: { on: { GO: { target: "end", actions: assign(boom) } } } }),
    "a guard": machineOf({ a: { on: { GO: { target: "end", guard: boom } } } }),
    "an entry action": machineOf({ a: { on: { GO: "b" } }, b: { entry: boom } }),
    "an exit action": machineOf({ a: { exit: boom, on: { GO: "end" } } }),
    "an eventless guard": machineOf({ a: { on: { GO: "b" } }, b: { always: { guard: boom, target: "end" } } }),
    "the input of an invoke": machineOf({ a: { on: { GO: "b" } }, b: { invoke: { src: fromPromise(async () => 1), input: boom } } }),
    "the output of the machine": machineOf({ a: { on: { GO: "end" } } }, { output: boom }),
  };

  test.each(Object.keys(machines))("in %s fails the actor with its class, and nobody else", async (where) => {
    await using world = startWorld();
    await world.start(machines[where]!);
    await world.start(machines[where]!, { id: "other" });
    await world.tell({ type: "GO" });
    expect(world.exits()).toEqual([{ kind: "failure", failure: expect.objectContaining({ class: "crash", address: "/m" }) }]);
    expect(world.failures()[0]?.message).toContain("boom");
    expect(world.state("/other")).toBe("a");
  });

  test("gives a permanent actor back in its initial state, with the rest of its mailbox", async () => {
    await using world = startWorld();
    await world.start(machineOf({ a: { on: { GO: { actions: assign(boom) }, NEXT: "b" } }, b: {} }), { restart: "permanent" });
    world.system.tell("/m", { type: "GO" });
    await world.tell({ type: "NEXT" });
    expect(world.node()).toMatchObject({ label: "b", incarnation: 2, status: "running" });
    expect(world.letters()).toEqual(["failed: GO"]);
  });

  const starts: Record<string, AnyStateMachine> = {
    "the context factory": machineOf({ a: {} }, { context: boom }),
    "an initial assign": machineOf({ a: {} }, { entry: assign(boom) }),
    "an initial guard": machineOf({ a: { always: { guard: boom, target: "end" } } }),
  };

  test.each(Object.keys(starts))("in %s refuses the start, with the failure", async (where) => {
    await using world = startWorld();
    const refused = await world.start(starts[where]!).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(SupervisorCallError);
    expect(refused).toMatchObject({ code: "start-failed", failure: { class: "crash", message: expect.stringContaining("boom") } });
    expect(world.system.tree().children).toEqual([]);
  });

  test("in an initial action fails the actor after its start", async () => {
    await using world = startWorld();
    await world.start(machineOf({ a: { entry: boom } }));
    expect(world.failures()).toMatchObject([{ class: "crash", message: "boom" }]);
  });

  test("keeps the class that it was thrown with, and the chain of its causes", async () => {
    await using world = startWorld();
    const cause = { class: "crash", name: "ColumnError", message: "no such column" } as const;
    const fail = (): never => {
      throw new FailureError({ class: "tool-error", kind: "shape", message: "cannot read the table", cause });
    };
    await world.start(machineOf({ a: { on: { GO: { actions: fail } } } }));
    await world.tell({ type: "GO" });
    expect(world.failures()).toMatchObject([{ class: "tool-error", kind: "shape", address: "/m", cause }]);
    expect(world.of("report")).toMatchObject([{ report: { chain: [{ message: "cannot read the table" }, cause] } }]);
  });
});

describe("a turn that throws while it is computed", () => {
  test("leaves no effect of the actions before the throw", async () => {
    await using world = startWorld();
    const done: string[] = [];
    const note = (what: string) => () => void done.push(what);
    const actions = [
      note("action"),
      tell("/other", { type: "HELLO" }),
      raise({ type: "LATER" }, { delay: 10 }),
      assign({ n: 1 }),
      assign(boom),
    ];
    await world.start(machineOf({ a: { on: { HELLO: "end" } } }), { id: "other" });
    await world.start(
      machineOf({
        a: { exit: note("exit"), on: { GO: { target: "b", actions } } },
        b: { invoke: { src: fromPromise(async () => note("invoked")()) } },
      }),
    );
    await world.tell({ type: "GO" });
    await world.clock.advance(100);
    expect(done).toEqual([]);
    expect(world.state("/other")).toBe("a");
    expect(world.letters()).toEqual(["failed: GO"]);
  });

  test("leaves the state as it was when the directive is resume", async () => {
    await using world = startWorld();
    const logic = machineOf(
      {
        a: {
          on: {
            ADD: { actions: assign({ n: ({ context }) => context["n"] + 1 }) },
            GO: { target: "b", actions: [assign({ n: 100 }), assign(boom)] },
            IS_ONE: { guard: ({ context }) => context["n"] === 1, target: "end" },
          },
        },
        b: {},
      },
      { context: { n: 0 } },
    );
    await world.start(logic, { onFailure: { crash: "resume" } });
    await world.tell({ type: "ADD" });
    await world.tell({ type: "GO" });
    expect(world.node()).toMatchObject({ label: "a", incarnation: 1, status: "running" });
    await world.tell({ type: "IS_ONE" });
    expect(world.exits()).toMatchObject([{ kind: "normal" }]);
  });
});

describe("an async action that rejects", () => {
  const rejects = (async () => {
    await Promise.resolve();
    throw new FailureError({ class: "tool-error", message: "late" });
  }) as () => void;

  test("fails the actor with the class of the error", async () => {
    await using world = startWorld();
    await world.start(machineOf({ a: { on: { GO: { actions: rejects } } } }));
    await world.tell({ type: "GO" });
    expect(world.failures()).toMatchObject([{ class: "tool-error", message: "late", address: "/m" }]);
  });

  test.each([
    ["on entry", createMachine({ entry: rejects })],
    ["on an event", createMachine({ after: { 10: { actions: rejects } } })],
  ])("in a child, %s, fails the child, so that onError can take it", async (_, child) => {
    await using world = startWorld();
    await world.start(machineOf({ a: { invoke: { src: child, onError: "mended" } }, mended: {} }));
    await world.clock.advance(10);
    expect(world.state()).toBe("mended");
  });

  test("changes nothing once its actor has ended", async () => {
    await using world = startWorld();
    const { promise, reject } = Promise.withResolvers<void>();
    await world.start(machineOf({ a: { on: { GO: { target: "end", actions: (() => promise) as () => void } } } }));
    await world.tell({ type: "GO" });
    reject(new Error("too late"));
    await world.clock.settle();
    expect(world.exits()).toMatchObject([{ kind: "normal" }]);
    expect(world.failures()).toEqual([]);
  });
});

describe("a machine that goes round in microsteps", () => {
  const loops: Record<string, AnyStateMachine> = {
    "eventless transitions": machineOf({
      a: { on: { GO: "b" } },
      b: { always: { guard: () => true, target: "c" } },
      c: { always: { guard: () => true, target: "b" } },
    }),
    "raised events": machineOf({ a: { on: { GO: { actions: raise({ type: "GO" }) } } } }),
    "a child's raised events": machineOf({
      a: { on: { GO: "b" } },
      b: { invoke: { src: createMachine({ entry: raise({ type: "X" }, { delay: 0 }), on: { X: { actions: raise({ type: "X" }) } } }) } },
    }),
  };

  test.each(Object.keys(loops))("by %s fails instead of hanging the process", async (how) => {
    await using world = startWorld();
    await world.start(loops[how]!);
    await world.tell({ type: "GO" });
    await world.clock.advance(1);
    expect(world.failures()).toMatchObject([{ class: "crash", message: expect.stringContaining("more than 1000 microsteps") }]);
  });

  test("keeps a limit of its own", async () => {
    await using world = startWorld();
    await world.start(machineOf({ a: { on: { GO: { actions: raise({ type: "GO" }) } } } }, { options: { maxIterations: 5 } }));
    await world.tell({ type: "GO" });
    expect(world.failures()).toMatchObject([{ message: expect.stringContaining("more than 5 microsteps") }]);
  });
});

test("an observer that throws disturbs neither the actor nor the other observers", async () => {
  await using world = startWorld();
  let heard = 0;
  world.system.observe(boom);
  world.system.observe(() => void heard++);
  await world.start(machineOf({ a: { on: { GO: "b" } }, b: {} }));
  await world.tell({ type: "GO" });
  expect(world.state()).toBe("b");
  expect(heard).toBe(world.events.length);
});
