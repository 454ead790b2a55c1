import { AskFailedError, JournalFencedError } from "@orgtree/core";
import { assign, createMachine, fromCallback, fromPromise, raise, sendTo, spawnChild } from "xstate";
import { beforeEach, describe, expect, test } from "vitest";
import type { TurnRecord } from "../durable/turn-store.ts";
import { Commits } from "./commits.fixture.ts";
import { ask, reply, tell } from "../machine/machine-actions.ts";
import { machineOf, startWorld } from "../machine/machine.fixture.ts";
import { plain, type PlainLogic } from "./plain.ts";

let commits: Commits;
let seen: string[];
const note = (what: string) => () => void seen.push(what);

beforeEach(() => {
  commits = new Commits();
  seen = [];
});

/** Does all it can in one turn, on GO. */
const busyMachine = () =>
  machineOf({
    a: {
      on: {
        GO: {
          target: "b",
          actions: [
            note("action"),
            tell("/listener", { type: "TOLD" }),
            ask("/listener", { type: "ASKED" }, { tag: "t" }),
            reply("answer"),
            raise({ type: "LATE" }, { delay: 10 }),
            spawnChild("spawned", { id: "spawned" }),
          ],
        },
        NEXT: "c",
      },
    },
    b: { invoke: { src: "invoked", id: "call" }, on: { NEXT: "c", LATE: { actions: note("timer") } } },
    c: {},
  }).provide({ actors: { spawned: fromCallback(() => note("spawned")()), invoked: fromPromise(async () => note("invoked")()) } });

/** The same as a plain actor. */
const busyPlain: PlainLogic<string, { type: string }> = plain({
  init: () => "a",
  receive: (_, { type }, turn) => {
    if (type === "END") turn.exit();
    if (type !== "GO") return "c";
    turn.tell("/listener", { type: "TOLD" });
    turn.ask("/listener", { type: "ASKED" }, { tag: "t" });
    turn.reply("answer");
    turn.setTimer("late", 10);
    turn.register("busy");
    turn.join("group");
    turn.run("call", async () => note("invoked")());
    return "b";
  },
  signal: (state, signal) => {
    if (signal.type === "orgtree.timer") seen.push("timer");
    return state;
  },
});

const listener = plain<null, { type: string }>({
  init: () => null,
  receive: (state, { type }, turn) => {
    seen.push(type);
    turn.reply("heard");
    return state;
  },
});

describe.each([
  ["a machine", busyMachine, ["action", "invoked", "spawned", "TOLD", "ASKED"]],
  ["a plain actor", () => busyPlain, ["TOLD", "ASKED", "invoked"]],
])("before the commit of a turn of %s", (_, logic, effects) => {
  test("nothing of it is visible; afterwards all of it is", async () => {
    await using world = startWorld({ store: commits });
    await world.start(listener, { id: "listener" });
    await world.start(logic());
    commits.holds = "/m";
    const answer = world.system.ask("/m", { type: "GO" });
    let answered = false;
    void answer.then(() => (answered = true));
    await world.clock.advance(1_000);
    expect(seen).toEqual([]);
    expect(answered).toBe(false);
    expect(world.of("state-changed").filter(({ from }) => from === "a")).toEqual([]);
    expect(world.system.members("group")).toEqual([]);
    expect(world.system.whereis("busy")).toBeUndefined();
    expect(world.system.open.timers).toBe(2); // The ask's own, and that of the commit.
    commits.holds = undefined;
    commits.last.accept();
    await expect(answer).resolves.toBe("answer");
    await world.clock.settle();
    expect([...seen].sort()).toEqual([...effects].sort());
    await world.clock.advance(10);
    expect(seen.at(-1)).toBe("timer");
  });

  test("everything else waits in the mailbox, in order", async () => {
    await using world = startWorld({ store: commits });
    await world.start(listener, { id: "listener" });
    await world.start(logic());
    commits.holds = "/m";
    world.system.tell("/m", { type: "NOTHING" });
    await world.tell({ type: "NEXT" });
    await world.tell({ type: "END" });
    expect(world.node()).toMatchObject({ mailbox: 2 });
    expect(commits.held).toHaveLength(1);
    commits.holds = undefined;
    commits.last.accept();
    await world.clock.settle();
    expect(world.exits()).toMatchObject([{ kind: "normal" }]);
    expect(commits.of("/m").map(({ cause }) => cause.type)).toEqual(["init", "NOTHING", "NEXT", "END"]);
  });

  test("it has not started yet when the turn is its initial step", async () => {
    await using world = startWorld({ store: commits });
    commits.holds = "/m";
    const starting = world.system.start({ id: "m", logic: logic() });
    await world.clock.settle();
    expect(world.of("actor-started").map(({ address }) => address)).not.toContain("/m");
    expect(world.node()).toMatchObject({ status: "starting" });
    commits.holds = undefined;
    commits.last.accept();
    await expect(starting).resolves.toBe("/m");
    expect(world.node()).toMatchObject({ status: "running" });
  });

  test("a kill ends it at once, and a commit that comes later changes nothing", async () => {
    await using world = startWorld({ store: commits });
    await world.start(listener, { id: "listener" });
    await world.start(logic(), { shutdownMs: "brutal-kill" });
    commits.holds = "/m";
    const answer = world.system.ask("/m", { type: "GO" }).catch((error: unknown) => error);
    await world.clock.settle();
    await world.system.stop("/m");
    commits.last.accept();
    await world.clock.settle();
    expect(world.exits()).toEqual([{ kind: "killed" }]);
    expect(seen).toEqual([]);
    expect([...world.letters()].sort()).toEqual(["failed: GO", "turn-aborted: ASKED", "turn-aborted: TOLD"]);
    // Whether the turn is in the journal, nobody here knows.
    expect(await answer).toMatchObject({ name: AskFailedError.name, outcome: "unknown" });
  });

  test("an ordered stop waits for it", async () => {
    await using world = startWorld({ store: commits });
    await world.start(listener, { id: "listener" });
    await world.start(logic());
    commits.holds = "/m";
    await world.tell({ type: "GO" });
    const stopping = world.system.stop("/m");
    await world.clock.settle();
    expect(world.exits()).toEqual([]);
    commits.holds = undefined;
    commits.last.accept();
    await stopping;
    expect(world.exits()).toEqual([{ kind: "shutdown" }]);
    expect(seen).toContain("TOLD");
  });

  test("an ordered stop that takes too long is a kill", async () => {
    await using world = startWorld({ store: commits });
    await world.start(logic(), { shutdownMs: 50 });
    commits.holds = "/m";
    await world.tell({ type: "NOTHING" });
    const stopping = world.system.stop("/m");
    await world.clock.advance(50);
    await stopping;
    expect(world.exits()).toEqual([{ kind: "killed" }]);
  });
});

describe.each([
  ["a machine", busyMachine],
  ["a plain actor", () => busyPlain],
])("a refused commit of %s", (_, logic) => {
  test("leaves nothing of the turn, ends the incarnation as fenced, and keeps the message for the next", async () => {
    await using world = startWorld({ store: commits });
    await world.start(listener, { id: "listener" });
    await world.start(logic(), { restart: "permanent" });
    commits.holds = "/m";
    const answer = world.system.ask("/m", { type: "GO" });
    await world.clock.settle();
    world.system.tell("/m", { type: "NEXT" });
    commits.holds = undefined;
    const refused = commits.last.record;
    commits.last.refuse();
    expect(seen).toEqual([]);
    await expect(answer).resolves.toBe("answer");
    await world.clock.settle();
    expect(world.exits()).toMatchObject([{ kind: "failure", failure: { class: "fenced", cause: { name: "JournalFencedError" } } }]);
    expect(world.node()).toMatchObject({ incarnation: 2, mailbox: 0 });
    // The turn did not happen, and its number does not come again: its key may be known somewhere.
    expect(
      commits
        .of("/m")
        .slice(0, 5)
        .map(({ cause, seq, incarnation }) => [cause.type, seq, incarnation]),
    ).toEqual([
      ["init", 0, 1],
      ["GO", 1, 1],
      ["init", 2, 2],
      ["GO", 3, 2],
      ["NEXT", 4, 2],
    ]);
    expect(refused).toMatchObject({ cause: { type: "GO" }, seq: 1 });
    expect(world.letters()).toEqual([]);
  });

  test("may be of the initial step: it fails to start", async () => {
    await using world = startWorld({ store: commits });
    commits.holds = "/m";
    const starting = world.system.start({ id: "m", logic: logic() }).catch((error: unknown) => error);
    await world.clock.settle();
    commits.last.refuse();
    expect(await starting).toMatchObject({ code: "start-failed", failure: { class: "fenced" } });
    expect(world.of("actor-started").map(({ address }) => address)).not.toContain("/m");
  });

  test("may be thrown at once", async () => {
    let isOver = false;
    const commit = async (record: TurnRecord): Promise<void> => {
      if (isOver && record.address === "/m") throw new JournalFencedError("memory", { own: 7, current: 8 });
      return commits.store(record);
    };
    await using world = startWorld({ store: { store: commit } });
    await world.start(logic());
    isOver = true;
    await world.tell({ type: "NEXT" });
    expect(world.exits()).toMatchObject([{ kind: "failure", failure: { class: "fenced" } }]);
  });
});

describe("the record of a turn", () => {
  test("has its cause, its computed state and its effects as plain data under their keys", async () => {
    await using world = startWorld({ store: commits });
    await world.start(listener, { id: "listener" });
    const work = fromPromise(async ({ input }) => input);
    await world.start(
      machineOf(
        {
          a: {
            on: {
              GO: {
                target: "b",
                actions: [
                  assign({ n: 1 }),
                  { type: "named", params: { level: 3 } },
                  tell("/listener", { type: "TOLD" }),
                  sendTo("clerk", { type: "HELLO" }, { delay: 5, id: "hello" }),
                  raise({ type: "LATE" }, { delay: 10, id: "late" }),
                  reply("answer"),
                ],
              },
            },
          },
          b: { invoke: { src: work, id: "work", input: { q: 1 } } },
        },
        { context: { n: 0 }, entry: spawnChild("clerk", { id: "clerk" }) },
      ).provide({ actions: { named: () => {} }, actors: { clerk: createMachine({}) } }),
    );
    await world.system.ask("/m", { type: "GO" });
    const record = commits.of("/m").find(({ cause }) => cause.type === "GO")!;
    expect(record).toMatchObject({ address: "/m", incarnation: 1, seq: 1, cause: { type: "GO" } });
    expect(structuredClone(record.effects)).toEqual([
      { kind: "named", key: "/m#1.0", detail: { level: 3 } },
      { kind: "tell", key: "/m#1.1", detail: { to: "/listener", message: { type: "TOLD" }, trace: record.trace } },
      { kind: "xstate.sendTo", key: "/m#1.2", detail: { to: "clerk", event: { type: "HELLO" }, id: "hello", delay: 5 } },
      { kind: "xstate.raise", key: "/m#1.3", detail: { event: { type: "LATE" }, id: "late", delay: 10 } },
      { kind: "reply", key: "/m#1.4", detail: { to: { address: undefined, askId: expect.any(Number) }, value: "answer" } },
      {
        kind: "xstate.spawnChild",
        key: "/m#1.5",
        detail: { id: "work", src: expect.stringContaining("xstate.invoke"), systemId: undefined, input: { q: 1 } },
      },
    ]);
    expect(record.state).toMatchObject({ snapshot: { value: "b", context: { n: 1 }, status: "active" } });
  });

  test("shows the computed state while the old one still counts", async () => {
    await using world = startWorld({ store: commits });
    await world.start(machineOf({ a: { on: { GO: { target: "b", actions: assign({ n: 1 }) } } }, b: {} }, { context: { n: 0 } }));
    commits.holds = "/m";
    await world.tell({ type: "GO" });
    expect(commits.last.record.state).toMatchObject({ snapshot: { value: "b", context: { n: 1 } } });
    expect(world.state()).toBe("a");
    commits.last.accept();
    await world.clock.settle();
    expect(world.state()).toBe("b");
  });

  test("is numbered one after the other, over restarts too, and no effect has the key of another", async () => {
    await using world = startWorld({ store: commits });
    await world.start(listener, { id: "listener" });
    const fail = assign((): never => {
      throw new Error("boom");
    });
    const greet = tell("/listener", { type: "TOLD" });
    await world.start(machineOf({ a: { entry: greet, on: { GO: { actions: [greet, greet] }, BAD: { actions: fail } } } }), {
      restart: "permanent",
    });
    for (const type of ["GO", "BAD", "GO", "BAD", "GO"]) {
      await world.tell({ type });
      await world.clock.advance(10_000);
    }
    const records = commits.of("/m");
    expect(records.map(({ seq }) => seq)).toEqual(records.map((_, at) => at));
    expect(records.map(({ cause, incarnation }) => `${incarnation} ${cause.type}`)).toEqual([
      "1 init",
      "1 GO",
      "2 init",
      "2 GO",
      "3 init",
      "3 GO",
    ]);
    const keys = records.flatMap(({ effects }) => effects.map(({ key }) => key));
    expect(new Set(keys).size).toBe(keys.length);
  });

  test("names the event of a child or a timer as its cause, and its trace", async () => {
    await using world = startWorld({ store: commits });
    const states = {
      a: { on: { GO: "b" } },
      b: { invoke: { src: fromPromise(async () => 1), id: "call", onDone: "c" } },
      c: { after: { 10: "d" } },
      d: {},
    };
    await world.start(machineOf(states));
    await world.tell({ type: "GO" });
    await world.clock.advance(10);
    const [, ...records] = commits.of("/m");
    expect(records.map(({ cause }) => cause.type)).toEqual(["GO", "xstate.done.actor.call", "xstate.after.10.(machine).c"]);
    expect(new Set(records.map(({ trace }) => trace)).size).toBe(1);
  });

  test("is not made of a message that came too late to count", async () => {
    await using world = startWorld({ store: commits });
    await world.start(machineOf({ a: { after: { 10: "late" }, on: { GO: "b" } }, b: {}, late: {} }));
    commits.holds = "/m";
    await world.tell({ type: "GO" });
    await world.clock.advance(10);
    commits.last.accept();
    await world.clock.settle();
    expect(commits.of("/m").map(({ cause }) => cause.type)).toEqual(["init", "GO"]);
  });
});

test("commits of different actors may count in another order than they were asked for", async () => {
  const held = new Map<string, () => void>();
  const commit = (record: TurnRecord): Promise<void> => {
    if (record.cause.type !== "GO") return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    held.set(record.address, resolve);
    return promise;
  };
  await using world = startWorld({ store: { store: commit } });
  await world.start(listener, { id: "listener" });
  for (const id of ["one", "two", "three"])
    await world.start(machineOf({ a: { on: { GO: { target: "b", actions: tell("/listener", { type: id }) } } }, b: {} }), { id });
  for (const id of ["one", "two", "three"] as const) await world.tell({ type: "GO" }, `/${id}`);
  for (const id of ["three", "one", "two"] as const) {
    held.get(`/${id}`)!();
    await world.clock.settle();
    expect(world.state(`/${id}`)).toBe("b");
  }
  expect(seen).toEqual(["three", "one", "two"]);
});
