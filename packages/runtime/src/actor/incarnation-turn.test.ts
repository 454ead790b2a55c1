import { FailureError, type Exit } from "@orgtree/core";
import { describe, expect, test } from "vitest";
import { startWorld } from "../machine/machine.fixture.ts";
import { plain } from "./plain.ts";
import { die, makePuppet, restarted, type Order } from "./plain.fixture.ts";
import type { Turn } from "./turn.ts";

/** Everything that a turn can want, but for its own end. */
const everything: Order = (turn) => {
  turn.tell("/other", "told");
  turn.ask("/other", "asked", { tag: "t" });
  turn.publish("desk", "published");
  turn.join("desk");
  turn.register("name");
  turn.watch("/other");
  turn.setTimer("tick", 10);
  turn.run("work", async () => "done");
  turn.emit({ type: "emitted" });
};

describe("a turn", () => {
  test("collects its effects, and nothing of them happens before its end", async () => {
    await using world = startWorld();
    const other = makePuppet();
    await world.start(other.logic, { id: "other" });
    await world.start(makePuppet().logic);
    const seen: unknown[] = [];
    const order: Order = (turn) => {
      everything(turn);
      const { actors, timers, asks } = world.system.open;
      seen.push(actors, timers, asks, world.system.whereis("name"), world.system.members("desk").length, world.of("emitted").length);
    };
    await world.tell(order);
    expect(seen).toEqual([3, 0, 0, undefined, 0, 0]);
    expect(other.got).toEqual(["told", "asked"]);
    expect(world.system.whereis("name")).toBe("/m");
    expect(world.of("emitted")).toHaveLength(1);
    expect(world.system.open).toMatchObject({ timers: 2, asks: 1 });
  });

  test("carries its effects out in the order in which they were asked for", async () => {
    await using world = startWorld();
    const other = makePuppet();
    await world.start(other.logic, { id: "other" });
    await world.start(makePuppet().logic);
    await world.tell(((turn) => {
      turn.join("desk");
      for (const number of [1, 2, 3]) turn.tell("/other", number);
      turn.leave("desk");
      turn.join("shelf");
    }) satisfies Order);
    expect(other.got).toEqual([1, 2, 3]);
    expect([world.system.members("desk"), world.system.members("shelf")]).toEqual([[], ["/m"]]);
  });

  test("that throws leaves none of its effects, and the old state", async () => {
    await using world = startWorld();
    const other = makePuppet();
    await world.start(other.logic, { id: "other" });
    const logic = plain<readonly number[], number>({
      init: () => [],
      receive(state, number, turn) {
        if (number > 0) return [...state, number];
        if (number === 0) {
          turn.reply(state);
          return state;
        }
        everything(turn);
        throw new Error("no");
      },
    });
    await world.start(logic, { onFailure: { crash: "resume" } });
    world.system.tell("/m", 1);
    world.system.tell("/m", -1);
    world.system.tell("/m", 2);
    expect(await world.system.ask("/m", 0)).toEqual([1, 2]);
    expect(other.got).toEqual([]);
    expect(world.of("emitted")).toEqual([]);
    expect(world.system.open).toMatchObject({ timers: 0, asks: 0 });
    expect(world.system.whereis("name")).toBeUndefined();
  });

  test("knows its actor and who sent the message", async () => {
    await using world = startWorld();
    await world.start(makePuppet().logic, { id: "other" });
    await world.start(makePuppet().logic, restarted);
    const seen: unknown[] = [];
    const look: Order = (turn) => seen.push([turn.address, turn.incarnation, turn.from, turn.replyTo !== undefined]);
    await world.tell(look);
    await world.tell(((turn) => turn.tell("/m", look)) satisfies Order, "/other");
    await world.tell(die);
    void world.system.ask("/m", look).catch(() => {});
    await world.clock.settle();
    expect(seen).toEqual([
      ["/m", 1, undefined, false],
      ["/m", 1, "/other", false],
      ["/m", 2, undefined, true],
    ]);
  });

  test("answers nobody when its message was no ask", async () => {
    await using world = startWorld();
    await world.start(makePuppet().logic);
    await world.tell(((turn) => {
      turn.reply(1);
      turn.refuse(new Error("no"));
    }) satisfies Order);
    expect(world.failures()).toEqual([]);
    expect(world.letters()).toEqual([]);
  });

  const calls: Record<string, (turn: Turn) => void> = {
    tell: (turn) => turn.tell("/m", 1),
    ask: (turn) => turn.ask("/m", 1, { tag: "t" }),
    reply: (turn) => turn.reply(1),
    refuse: (turn) => turn.refuse(new Error("no")),
    watch: (turn) => turn.watch("/m"),
    unwatch: (turn) => turn.unwatch("/m"),
    setTimer: (turn) => turn.setTimer("tick", 1),
    cancelTimer: (turn) => turn.cancelTimer("tick"),
    run: (turn) => turn.run("work", async () => {}),
    exit: (turn) => turn.exit(),
    postpone: (turn) => turn.postpone(),
    unstash: (turn) => turn.unstash(),
    register: (turn) => turn.register("name"),
    join: (turn) => turn.join("desk"),
    leave: (turn) => turn.leave("desk"),
    publish: (turn) => turn.publish("desk", 1),
    emit: (turn) => turn.emit({ type: "e" }),
    info: (turn) => turn.info(1),
  };

  test.each(Object.keys(calls))("throws TurnClosedError when %s is called after its end", async (name) => {
    await using world = startWorld();
    await world.start(makePuppet().logic);
    let kept: Turn | undefined;
    await world.tell(((turn) => (kept = turn)) satisfies Order);
    expect(() => calls[name]!(kept!)).toThrow(expect.objectContaining({ name: "TurnClosedError", actor: "/m" }));
    await world.clock.settle();
    expect(world.failures()).toEqual([]);
  });

  test("is over for asynchronous code that it began, which hears so", async () => {
    await using world = startWorld();
    await world.start(makePuppet().logic);
    const late = Promise.withResolvers<unknown>();
    const order: Order = (turn) =>
      void Promise.resolve()
        .then(() => turn.reply("late"))
        .then(late.resolve, late.resolve);
    const asked = expect(world.system.ask("/m", order, { timeoutMs: 10 })).rejects.toMatchObject({ name: "AskTimeoutError" });
    await world.clock.advance(10);
    await asked;
    expect(await late.promise).toMatchObject({ name: "TurnClosedError" });
  });

  test("fails when the function forgets to give back a state", async () => {
    await using world = startWorld();
    const forgetful = plain<{ count: number }, string>({ init: () => ({ count: 0 }), receive: () => undefined as never });
    const stateless = plain<undefined, string>({ init: () => undefined, receive: () => undefined });
    await world.start(forgetful);
    await world.start(stateless, { id: "stateless" });
    await world.tell("one");
    await world.tell("one", "/stateless");
    expect(world.failures()).toMatchObject([
      { class: "crash", message: "a turn gave back no state: return the state, also where it is the old one" },
    ]);
    expect(world.failures("/stateless")).toEqual([]);
  });

  test("fails when the function is async: its promise would be the state", async () => {
    await using world = startWorld();
    const logic = plain<unknown, string>({
      init: () => null,
      receive: async (_state, _message, turn) => {
        await Promise.resolve();
        turn.tell("/m", "too late");
      },
    });
    await world.start(logic);
    await world.tell("go");
    expect(world.failures()).toMatchObject([{ class: "crash", name: "TypeError", message: expect.stringContaining("turn.run") }]);
  });

  test("fails with the class of what it throws", async () => {
    await using world = startWorld();
    await world.start(makePuppet().logic);
    await world.tell((() => {
      throw new FailureError({ class: "no-progress", kind: "stuck", message: "again", detail: { times: 3 } });
    }) satisfies Order);
    expect(world.failures()).toMatchObject([{ class: "no-progress", kind: "stuck", address: "/m", detail: { times: 3 } }]);
  });

  test("changes the state in place at its peril: a frozen one throws", async () => {
    await using world = startWorld({ freeze: true });
    const logic = plain<{ list: number[] }, number>({
      init: () => ({ list: [] }),
      receive(state, number) {
        state.list.push(number);
        return state;
      },
    });
    await world.start(logic);
    await world.tell(1);
    expect(world.failures()).toMatchObject([{ name: "TypeError" }]);
  });
});

describe("exit", () => {
  const exits: readonly (Exit | undefined)[] = [
    undefined,
    { kind: "normal", output: 7 },
    { kind: "shutdown", info: "enough" },
    { kind: "killed" },
  ];

  test.each(exits)("ends the incarnation after the turn: %o", async (exit) => {
    await using world = startWorld();
    const other = makePuppet();
    await world.start(other.logic, { id: "other" });
    await world.start(makePuppet().logic);
    await world.tell(((turn) => {
      turn.exit(exit);
      turn.tell("/other", "last words");
    }) satisfies Order);
    expect(world.exits()).toEqual([exit ?? { kind: "normal" }]);
    expect(other.got).toEqual(["last words"]);
  });

  test("may be asked for in the initial step: the actor has started, and ends at once", async () => {
    await using world = startWorld();
    const { logic } = makePuppet({
      init: (_input, turn) => {
        turn.exit();
        return 0;
      },
    });
    await world.start(logic);
    expect(world.of("actor-started")).toMatchObject([{ address: "/m", incarnation: 1 }]);
    expect(world.exits()).toEqual([{ kind: "normal" }]);
  });
});
