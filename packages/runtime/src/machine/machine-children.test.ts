import {
  assign,
  createActor,
  createMachine,
  enqueueActions,
  fromCallback,
  fromPromise,
  sendTo,
  setup,
  spawnChild,
  stopChild,
  type AnyActorLogic,
  type AnyActorRef,
} from "xstate";
import { describe, expect, test } from "vitest";
import { Commits } from "../actor/commits.fixture.ts";
import { machineOf, startWorld } from "./machine.fixture.ts";

/** Children that write down when they start and stop. */
class Family {
  readonly seen: string[] = [];

  member(name: string): AnyActorLogic {
    return fromCallback(() => {
      this.seen.push(`${name} starts`);
      return () => void this.seen.push(`${name} stops`);
    });
  }

  get stops(): readonly string[] {
    return this.seen.filter((line) => line.endsWith("stops")).map((line) => line.split(" ")[0]!);
  }
}

describe("children", () => {
  const ways: Record<string, (world: ReturnType<typeof startWorld>) => Promise<void>> = {
    "an ordered stop": (world) => world.system.stop("/m"),
    "a kill": (world) => world.system.stop("/m"),
    "the final state": (world) => world.tell({ type: "END" }),
    "the exit of their state": (world) => world.tell({ type: "LEAVE" }),
    "a throw": (world) => world.tell({ type: "BAD" }),
  };

  test.each(Object.keys(ways))("are stopped in reverse order by %s", async (way) => {
    await using world = startWorld();
    const family = new Family();
    const fail = (): never => {
      throw new Error("boom");
    };
    const invoke = ["one", "two", "three"].map((name) => ({ src: family.member(name) }));
    const inner = { b: { invoke: { src: family.member("inner") } } };
    await world.start(machineOf({ a: { invoke, initial: "b", states: inner, on: { LEAVE: "c", BAD: { actions: fail } } }, c: {} }), {
      shutdownMs: way === "a kill" ? "brutal-kill" : 5_000,
    });
    await ways[way]!(world);
    expect(family.seen.slice(0, 4)).toEqual(["one starts", "two starts", "three starts", "inner starts"]);
    expect(family.stops).toEqual(["inner", "three", "two", "one"]);
  });

  test("of a child machine are stopped before it, in reverse order", async () => {
    await using world = startWorld();
    const family = new Family();
    const kid = createMachine({ invoke: [{ src: family.member("one") }, { src: family.member("two") }] });
    await world.start(machineOf({ a: { invoke: [{ src: family.member("first") }, { src: kid }, { src: family.member("last") }] } }));
    await world.system.stop("/m");
    expect(family.stops).toEqual(["last", "two", "one", "first"]);
  });

  test("of a child machine are stopped in reverse order also when it leaves their state", async () => {
    await using world = startWorld();
    const family = new Family();
    const invoke = [{ src: family.member("one") }, { src: family.member("two") }];
    const kid = createMachine({ initial: "a", states: { a: { invoke, after: { 10: "b" } }, b: {} } });
    await world.start(machineOf({ a: { invoke: { src: kid } } }));
    await world.clock.advance(10);
    expect(family.stops).toEqual(["two", "one"]);
  });

  test("that one turn spawns and stops again never start", async () => {
    await using world = startWorld();
    const family = new Family();
    await world.start(
      machineOf({
        a: { on: { GO: "b" } },
        b: { invoke: { src: family.member("brief") }, always: { guard: () => true, target: "c" } },
        c: {},
      }),
    );
    await world.tell({ type: "GO" });
    expect(world.state()).toBe("c");
    expect(family.seen).toEqual([]);
  });

  test("spawned in an assign start after the actions of the turn", async () => {
    await using world = startWorld();
    const family = new Family();
    const spawn = assign({ kid: ({ spawn }) => spawn(family.member("kid"), { id: "kid" }) });
    await world.start(machineOf({ a: { on: { GO: { actions: [spawn, () => void family.seen.push("action")] } } } }, { context: {} }));
    await world.tell({ type: "GO" });
    expect(family.seen).toEqual(["action", "kid starts"]);
  });

  test("that an action function made itself are stopped with the machine too", async () => {
    await using world = startWorld();
    const family = new Family();
    const keep: AnyActorRef[] = [];
    const make = ({ self }: { self: unknown }): void => {
      keep.push(createActor(family.member("private"), { parent: self as AnyActorRef } as never).start());
    };
    await world.start(machineOf({ a: { entry: make } }));
    await world.system.stop("/m");
    expect(family.seen).toEqual(["private starts", "private stops"]);
  });
});

describe("the id of a child", () => {
  test("is asked for: a spawn without one fails the turn", async () => {
    await using world = startWorld();
    const parts = setup({ actors: { kid: createMachine({}) } });
    const spawn = enqueueActions(({ enqueue }) => enqueue(spawnChild("kid" as never)));
    await world.start(
      parts.createMachine({ initial: "a", states: { a: { on: { GO: { actions: spawn as never }, END: "end" } }, end: { type: "final" } } }),
    );
    await world.tell({ type: "GO" });
    expect(world.failures()).toMatchObject([{ message: expect.stringContaining("without an id") }]);
  });

  test("may come from a function, which must give one", async () => {
    await using world = startWorld();
    const parts = setup({ types: {} as { context: { id: string | undefined } }, actors: { kid: createMachine({}) } });
    const logic = (id: string | undefined) =>
      parts.createMachine({
        context: { id },
        initial: "a",
        states: {
          a: { on: { GO: { actions: spawnChild("kid", { id: ({ context }) => context.id! }) }, END: "end" } },
          end: { type: "final" },
        },
      });
    await world.start(logic("named"));
    await world.start(logic(undefined), { id: "nameless" });
    await world.tell({ type: "GO" });
    await world.tell({ type: "GO" }, "/nameless");
    expect(world.failures()).toEqual([]);
    expect(world.failures("/nameless")).toMatchObject([{ message: expect.stringContaining("its id function gave none") }]);
  });

  test("is asked for in a child machine too", async () => {
    await using world = startWorld();
    const kid = createMachine({ entry: enqueueActions(({ enqueue }) => enqueue(spawnChild(createMachine({})))) });
    await world.start(machineOf({ a: { invoke: { src: kid } } }));
    expect(world.failures()).toMatchObject([{ message: expect.stringContaining("without an id") }]);
  });
});

test("the ids that XState gives are made of the address and the incarnation, so no two are alike anywhere", async () => {
  await using world = startWorld();
  const ids: string[] = [];
  const note = ({ self }: { self: AnyActorRef }): void => void ids.push(self.sessionId);
  const fail = assign((): never => {
    throw new Error("boom");
  });
  const kid = createMachine({ entry: note as never });
  await world.start(machineOf({ a: { entry: note as never, invoke: { src: kid }, on: { BAD: { actions: fail } } } }), {
    restart: "permanent",
  });
  await world.tell({ type: "BAD" });
  expect(ids).toEqual(["/m:1.1", "/m:1.2", "/m:2.1", "/m:2.2"]);
});

describe("a systemId", () => {
  const named = createMachine({});
  const invoke = { src: named, systemId: "clerk" };

  test("can be used again when its state is entered again", async () => {
    await using world = startWorld();
    await world.start(machineOf({ a: { invoke, on: { AGAIN: { target: "a", reenter: true } } } }));
    await world.tell({ type: "AGAIN" });
    await world.tell({ type: "AGAIN" });
    expect(world.state()).toBe("a");
    expect(world.failures()).toEqual([]);
  });

  test("can be used again by a child machine that enters its state again", async () => {
    await using world = startWorld();
    const child = createMachine({ initial: "a", states: { a: { invoke, after: { 10: { target: "a", reenter: true } } } } });
    await world.start(machineOf({ a: { invoke: { src: child } } }));
    await world.clock.advance(35);
    expect(world.failures()).toEqual([]);
  });

  test("is free again after a restart, and after a turn that threw", async () => {
    await using world = startWorld();
    const fail = assign((): never => {
      throw new Error("boom");
    });
    const found: unknown[] = [];
    const look = assign(({ system }) => {
      found.push(system.get("clerk"));
      return {};
    });
    const on = { GO: "b", BAD: { target: "b", actions: fail }, LOOK: { actions: look } };
    const failsLate = { entry: fail, invoke };
    const logic = machineOf({ a: { on: { ...on, WORSE: "c" } }, b: { invoke }, c: { initial: "d", invoke, states: { d: failsLate } } });
    await world.start(logic, {
      restart: "permanent",
      onFailure: { crash: [{ directive: "resume", intensity: { maxRestarts: 2, periodMs: 1_000 } }, { directive: "restart" }] },
    });
    for (const type of ["BAD", "WORSE", "LOOK", "GO"]) await world.tell({ type });
    expect(found).toEqual([undefined]);
    expect(world.node()).toMatchObject({ label: "b", incarnation: 1 });
    await world.tell({ type: "END" });
    await world.tell({ type: "GO" });
    expect(world.node()).toMatchObject({ label: "b", incarnation: 2 });
  });

  test("that two living children would have fails the turn, and nothing is started", async () => {
    await using world = startWorld();
    const family = new Family();
    const twin = (name: string) => ({ src: family.member(name), systemId: "clerk", id: name });
    await world.start(
      machineOf({
        a: {
          invoke: twin("one"),
          on: { GO: { target: ".b", actions: () => void family.seen.push("action") } },
          initial: "x",
          states: { x: {}, b: { invoke: twin("two") } },
        },
      }),
    );
    await world.tell({ type: "GO" });
    expect(world.failures()).toMatchObject([{ message: expect.stringContaining('"clerk"') }]);
    expect(family.seen).toEqual(["one starts", "one stops"]);
  });

  test("leads to its child from the actions of the machine", async () => {
    await using world = startWorld();
    const heard: string[] = [];
    const clerk = createMachine({ on: { HELLO: { actions: () => void heard.push("hello") } } });
    const greet = sendTo(({ system }) => system.get("clerk") as AnyActorRef, { type: "HELLO" });
    await world.start(machineOf({ a: { invoke: { src: clerk, systemId: "clerk" }, on: { GREET: { actions: greet } } } }));
    await world.tell({ type: "GREET" });
    expect(heard).toEqual(["hello"]);
  });
});

describe("a result", () => {
  /** A promise actor whose results the test gives, in the order of its starts. */
  const calls = (): { logic: AnyActorLogic; pending: PromiseWithResolvers<string>[] } => {
    const pending: PromiseWithResolvers<string>[] = [];
    const logic = fromPromise(() => {
      pending.push(Promise.withResolvers<string>());
      return pending.at(-1)!.promise;
    });
    return { logic, pending };
  };
  const take = assign({ got: ({ event }) => (event as unknown as { output: string }).output });

  test("of an invoke that was replaced never reaches the new one", async () => {
    const commits = new Commits();
    await using world = startWorld({ store: commits });
    const { logic, pending } = calls();
    const states = {
      a: { invoke: { src: logic, id: "call", onDone: { target: "end", actions: take } }, on: { AGAIN: { target: "a", reenter: true } } },
    };
    await world.start(machineOf(states, { context: {}, output: ({ context }) => context }));
    commits.holds = "/m";
    await world.tell({ type: "AGAIN" });
    // The old call answers while the turn that replaces it is being committed.
    pending[0]!.resolve("old");
    await world.clock.settle();
    commits.holds = undefined;
    commits.last.accept();
    await world.clock.settle();
    expect(world.node()).toMatchObject({ label: "a", mailbox: 0 });
    pending[1]!.resolve("new");
    await world.clock.settle();
    expect(world.exits()).toMatchObject([{ output: { got: "new" } }]);
  });

  test("that comes after the incarnation ended does not reach the next one", async () => {
    await using world = startWorld();
    const { logic, pending } = calls();
    const fail = assign((): never => {
      throw new Error("boom");
    });
    const states = { a: { invoke: { src: logic, id: "call", onDone: { target: "end", actions: take } }, on: { BAD: { actions: fail } } } };
    await world.start(machineOf(states, { context: {}, output: ({ context }) => context }), { restart: "transient" });
    world.system.tell("/m", { type: "BAD" });
    pending[0]!.resolve("old");
    await world.clock.settle();
    expect(world.node()).toMatchObject({ label: "a", incarnation: 2, mailbox: 0 });
    pending[1]!.resolve("new");
    await world.clock.settle();
    expect(world.exits()).toMatchObject([{ kind: "failure" }, { kind: "normal", output: { got: "new" } }]);
  });

  test("of a callback that waits in the mailbox dies with its incarnation", async () => {
    const commits = new Commits();
    await using world = startWorld({ store: commits });
    const senders: ((event: { type: string }) => void)[] = [];
    const callback = fromCallback(({ sendBack }) => void senders.push(sendBack));
    await world.start(machineOf({ a: { invoke: { src: callback }, on: { NEWS: "b", GO: {} } }, b: {} }), { restart: "permanent" });
    commits.holds = "/m";
    await world.tell({ type: "GO" });
    senders[0]!({ type: "NEWS" });
    commits.holds = undefined;
    commits.last.refuse();
    await world.clock.settle();
    senders[0]!({ type: "NEWS" });
    await world.clock.settle();
    expect(world.node()).toMatchObject({ label: "a", incarnation: 2, mailbox: 0 });
  });

  test("that an old incarnation sends to itself dies with it", async () => {
    await using world = startWorld();
    const selves: AnyActorRef[] = [];
    const fail = assign((): never => {
      throw new Error("boom");
    });
    await world.start(machineOf({ a: { entry: ({ self }) => void selves.push(self), on: { BAD: { actions: fail }, NEWS: "b" } }, b: {} }), {
      restart: "permanent",
    });
    await world.tell({ type: "BAD" });
    selves[0]!.send({ type: "NEWS" });
    await world.clock.settle();
    expect(world.state()).toBe("a");
    selves[1]!.send({ type: "NEWS" });
    await world.clock.settle();
    expect(world.state()).toBe("b");
  });
});

test("stopChild ends a child, and what it still sends is not heard", async () => {
  await using world = startWorld();
  const family = new Family();
  await world.start(
    machineOf({ a: { entry: spawnChild(family.member("kid"), { id: "kid" }), on: { STOP: { actions: stopChild("kid") } } } }),
  );
  await world.tell({ type: "STOP" });
  expect(family.seen).toEqual(["kid starts", "kid stops"]);
});

test("a chain of 2,000 sibling children inside one machine needs no stack", async () => {
  await using world = startWorld();
  const length = 2_000;
  const link = createMachine({
    context: ({ input }) => ({ next: (input as { next: string }).next }),
    on: { GO: { actions: sendTo(({ context, system }) => system.get((context as { next: string }).next) as AnyActorRef, { type: "GO" }) } },
  });
  const last = createMachine({ initial: "x", states: { x: { on: { GO: "y" } }, y: { type: "final" } } });
  const spawnAll = enqueueActions(({ enqueue }) => {
    for (let at = 1; at < length; at++)
      enqueue.spawnChild(link, { id: `link-${at}`, systemId: `link-${at}`, input: { next: `link-${at + 1}` } });
    enqueue.spawnChild(last, { id: `link-${length}`, systemId: `link-${length}` });
  });
  await world.start(
    machineOf({
      a: { entry: spawnAll, on: { GO: { actions: sendTo("link-1", { type: "GO" }) }, [`xstate.done.actor.link-${length}`]: "b" } },
      b: {},
    }),
  );
  await world.tell({ type: "GO" });
  expect(world.failures()).toEqual([]);
  expect(world.state()).toBe("b");
});
