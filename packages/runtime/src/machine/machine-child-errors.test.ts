import { FailureError } from "@orgtree/core";
import {
  assign,
  createMachine,
  fromCallback,
  fromObservable,
  fromPromise,
  fromTransition,
  raise,
  sendTo,
  type AnyActorLogic,
} from "xstate";
import { describe, expect, test } from "vitest";
import { machineOf, startWorld } from "./machine.fixture.ts";

const fail = (): never => {
  throw new Error("child");
};
const reject = async (): Promise<never> => fail();

const erroringObservable = {
  subscribe: (observer: { error(error: unknown): void }) => {
    observer.error(new Error("child"));
    return { unsubscribe: () => {} };
  },
};

/** Children that fail by themselves, or when they are sent BAD. */
const failing: Record<string, AnyActorLogic> = {
  "a promise that rejects": fromPromise(reject),
  "a promise whose function throws": fromPromise(fail),
  "a callback whose function throws": fromCallback(fail),
  "a callback whose listener throws": fromCallback(({ receive }) => receive(fail)),
  "an observable that errors": fromObservable(() => erroringObservable as never),
  "a transition that throws": fromTransition(fail, 0),
  "a machine whose context factory throws": createMachine({ context: fail }),
  "a machine whose entry action throws": createMachine({ entry: fail }),
  "a machine whose assign throws": createMachine({ on: { BAD: { actions: assign(fail) } } }),
  "a machine whose action throws": createMachine({ on: { BAD: { actions: fail } } }),
  "a machine whose own child fails": createMachine({ invoke: { src: fromPromise(reject) } }),
};

describe("the error of a child", () => {
  test.each(Object.keys(failing))("of %s is an ordinary event where there is an onError", async (kind) => {
    await using world = startWorld();
    const onError = { guard: ({ event }: { event: { error?: unknown } }) => (event.error as Error).message === "child", target: "mended" };
    await world.start(
      machineOf({
        a: { invoke: { src: failing[kind]!, id: "kid", onError }, on: { GO: { actions: sendTo("kid", { type: "BAD" }) } } },
        mended: {},
      }),
    );
    await world.tell({ type: "GO" });
    expect(world.state()).toBe("mended");
  });

  test.each(Object.keys(failing))("of %s fails the actor where there is none", async (kind) => {
    await using world = startWorld();
    await world.start(
      machineOf({ a: { invoke: { src: failing[kind]!, id: "kid" }, on: { GO: { actions: sendTo("kid", { type: "BAD" }) } } } }),
    );
    await world.tell({ type: "GO" });
    expect(world.failures()).toMatchObject([{ class: "crash", message: "child", address: "/m" }]);
  });

  test("reaches the supervisor with its class and the chain of its causes", async () => {
    await using world = startWorld();
    const cause = { class: "crash", name: "HttpError", message: "429" } as const;
    const work = fromPromise(async () => {
      throw new FailureError({ class: "model-error", kind: "rate-limit", message: "slow down", cause });
    });
    await world.start(machineOf({ a: { invoke: { src: work } } }));
    const chain = [{ class: "model-error", kind: "rate-limit", address: "/m" }, cause];
    expect(world.of("report")).toMatchObject([{ report: { child: "m", chain } }]);
  });

  test("may be nothing at all", async () => {
    await using world = startWorld();
    await world.start(machineOf({ a: { invoke: { src: fromPromise(() => Promise.reject()) } } }));
    expect(world.failures()).toMatchObject([{ class: "crash", name: "NonError", message: "undefined" }]);
  });

  test("stops the other children", async () => {
    await using world = startWorld();
    const stopped: string[] = [];
    const sibling = fromCallback(() => () => void stopped.push("sibling"));
    await world.start(machineOf({ a: { invoke: [{ src: sibling }, { src: fromPromise(reject) }] } }));
    expect(world.exits()).toHaveLength(1);
    expect(stopped).toEqual(["sibling"]);
  });

  test("stops the children of the child, though its own action threw", async () => {
    await using world = startWorld();
    const stopped: string[] = [];
    const grandchild = fromCallback(() => () => void stopped.push("grandchild"));
    const child = createMachine({ invoke: { src: grandchild }, after: { 10: { actions: fail } } });
    await world.start(machineOf({ a: { invoke: { src: child, onError: "mended" } }, mended: {} }));
    await world.clock.advance(10);
    expect(world.state()).toBe("mended");
    expect(stopped).toEqual(["grandchild"]);
  });

  test("while it is stopped is logged, and fails nobody", async () => {
    await using world = startWorld();
    const child = fromCallback(() => fail);
    await world.start(machineOf({ a: { invoke: { src: child }, on: { GO: "b" } }, b: { invoke: { src: child } } }));
    await world.tell({ type: "GO" });
    expect(world.state()).toBe("b");
    await world.system.stop("/m");
    expect(world.exits()).toMatchObject([{ kind: "shutdown" }]);
    expect(world.log.filter(({ level }) => level === "warn")).toHaveLength(2);
  });
});

describe("a wildcard", () => {
  test.each(["*", "xstate.*", "xstate.error.*"])("%s does not swallow the error of a child", async (wildcard) => {
    await using world = startWorld();
    await world.start(machineOf({ a: { invoke: { src: fromPromise(reject) }, on: { [wildcard]: "b" } }, b: {} }));
    expect(world.failures()).toMatchObject([{ message: "child" }]);
  });

  test("does not swallow it from a region beside, or from around", async () => {
    await using world = startWorld();
    const regions = {
      left: { initial: "x", states: { x: { invoke: { src: fromPromise(reject), onDone: "z" } }, z: {} } },
      right: { initial: "y", states: { y: { on: { "*": {}, LEAVE: "z" } }, z: {} } },
    };
    await world.start(machineOf({ a: { type: "parallel", states: regions, on: { "*": "b" } }, b: {} }));
    expect(world.failures()).toMatchObject([{ message: "child" }]);
  });

  test("in a child does not swallow the error of a grandchild", async () => {
    await using world = startWorld();
    const child = createMachine({ invoke: { src: fromPromise(reject) }, on: { "*": {} } });
    await world.start(machineOf({ a: { invoke: { src: child } } }));
    expect(world.failures()).toMatchObject([{ message: "child" }]);
  });

  test("beside an onError is not asked", async () => {
    await using world = startWorld();
    await world.start(machineOf({ a: { invoke: { src: fromPromise(reject), onError: "mended" }, on: { "*": "end" } }, mended: {} }));
    expect(world.state()).toBe("mended");
  });

  test("that names the errors of actors takes them", async () => {
    await using world = startWorld();
    await world.start(machineOf({ a: { invoke: { src: fromPromise(reject) }, on: { "xstate.error.actor.*": "mended" } }, mended: {} }));
    expect(world.state()).toBe("mended");
  });
});

describe("a machine whose own code throws", () => {
  const start = async (throws: () => object): Promise<void> => {
    await using world = startWorld();
    const seen: string[] = [];
    const { promise: aborted, resolve } = Promise.withResolvers<void>();
    const ticker = fromCallback(() => {
      seen.push("ticks");
      return () => void seen.push("stopped");
    });
    const modelCall = fromPromise(({ signal }) => new Promise(() => signal.addEventListener("abort", () => resolve())));
    const timer = createMachine({ after: { 10: { actions: () => void seen.push("orphan") } } });
    const invoke = [{ src: ticker }, { src: modelCall }, { src: timer }];
    await world.start(machineOf({ a: { invoke, on: { GO: { actions: throws() as never } } } }));
    await world.tell({ type: "GO" });
    await aborted;
    await world.clock.advance(100);
    expect(seen).toEqual(["ticks", "stopped"]);
    expect(world.exits()).toHaveLength(1);
  };

  test("in an action stops its callbacks, aborts its calls and cancels the timers of its children", () => start(() => fail));
  test("in an assign stops its callbacks, aborts its calls and cancels the timers of its children", () => start(() => assign(fail)));
  test("in an action stops also the children that the same turn was to stop", async () => {
    await using world = startWorld();
    const stopped: string[] = [];
    const child = fromCallback(() => () => void stopped.push("child"));
    await world.start(machineOf({ a: { invoke: { src: child }, on: { GO: { target: "b", actions: fail } } }, b: {} }));
    await world.tell({ type: "GO" });
    expect(world.failures()).toHaveLength(1);
    expect(stopped).toEqual(["child"]);
  });
});

describe("a step of a child that throws half-way", () => {
  test("leaves no effect of the actions before the throw", async () => {
    await using world = startWorld();
    const done: string[] = [];
    const actions = [() => void done.push("action"), raise({ type: "X" }, { delay: 1 }), assign(fail)];
    const child = createMachine({ on: { BAD: { actions }, X: { actions: () => void done.push("timer") } } });
    await world.start(
      machineOf({
        a: { invoke: { src: child, id: "kid", onError: "mended" }, on: { GO: { actions: sendTo("kid", { type: "BAD" }) } } },
        mended: {},
      }),
    );
    await world.tell({ type: "GO" });
    await world.clock.advance(10);
    expect(world.state()).toBe("mended");
    expect(done).toEqual([]);
  });

  test("leaves none either when the child was spawned in an assign", async () => {
    await using world = startWorld();
    const done: string[] = [];
    const child = createMachine({ on: { BAD: { actions: [() => void done.push("action"), assign(fail)] } } });
    await world.start(
      machineOf(
        { a: { on: { GO: { actions: sendTo("kid", { type: "BAD" }) }, "xstate.error.actor.kid": "mended" } }, mended: {} },
        { context: ({ spawn }) => ({ kid: spawn(child, { id: "kid" }) }) },
      ),
    );
    await world.tell({ type: "GO" });
    expect(world.state()).toBe("mended");
    expect(done).toEqual([]);
  });
});
