/** What lives on when its process does not: a second system over the same journal. */
import type { ReplyTo } from "@orgtree/core";
import { plain, supervisor } from "@orgtree/runtime";
import { describe, expect, test } from "vitest";
import { World } from "./world.ts";

/** Counts its turns, and does what it is told. What it hears is kept outside, as people would remember it. */
/** Orders as data, since functions cannot be stored. */
const desk = plain<{ readonly count: number }, { readonly do: string; readonly to?: string }>({
  init: () => ({ count: 0 }),
  receive(state, message, turn) {
    switch (message.do) {
      case "get":
        turn.reply(state.count);
        return state;
      case "timer":
        turn.setTimer("alarm", 60_000);
        break;
      case "ask":
        turn.ask("/other", { do: "answer" }, { tag: "question", timeoutMs: 600_000 });
        break;
      case "deliver":
        turn.deliver("/other", { do: "add" });
        break;
      case "work":
        turn.run("work", () => new Promise(() => {}));
        break;
      case "answer":
        turn.reply("the answer");
        break;
      default:
        break;
    }
    return { count: state.count + 1 };
  },
  signal: (state, signal) => ({ count: state.count + (signal.type === "orgtree.timer" ? 1_000 : 100) }),
});

describe("a plain actor", () => {
  test("goes on where it was, as a new incarnation, without a restart", async () => {
    const world = new World();
    await world.start({ id: "m", logic: desk });
    await world.tell("/m", { do: "add" });
    await world.tell("/m", { do: "add" });
    await world.crash();
    await world.start({ id: "m", logic: desk });
    expect(await world.ask("/m", { do: "get" })).toBe(2);
    expect(world.system.tree().children[0]).toMatchObject({ incarnation: 2, restarts: 0 });
    await world.crash();
    await world.start({ id: "m", logic: desk });
    expect(await world.ask("/m", { do: "get" })).toBe(2);
  });

  test("has its timers with the time that is left, over any number of crashes", async () => {
    const world = new World();
    await world.start({ id: "m", logic: desk });
    await world.tell("/m", { do: "timer" });
    await world.clock.advance(20_000);
    await world.crash(5_000);
    await world.start({ id: "m", logic: desk });
    await world.clock.advance(10_000);
    await world.crash(5_000);
    await world.start({ id: "m", logic: desk });
    await world.clock.advance(19_999);
    expect(await world.ask("/m", { do: "get" })).toBe(1);
    await world.clock.advance(1);
    expect(await world.ask("/m", { do: "get" })).toBe(1_001);
    await world.crash();
    await world.start({ id: "m", logic: desk });
    await world.clock.advance(100_000);
    expect(await world.ask("/m", { do: "get" })).toBe(1_001);
  });

  test("that was stopped for good begins afresh", async () => {
    const world = new World();
    await world.start({ id: "m", logic: desk });
    await world.tell("/m", { do: "add" });
    await world.system.stop("/m");
    await world.crash();
    await world.start({ id: "m", logic: desk });
    expect(await world.ask("/m", { do: "get" })).toBe(0);
  });

  test("that was stopped for good can be started again at once", async () => {
    const world = new World();
    await world.start({ id: "m", logic: desk });
    await world.tell("/m", { do: "add" });
    await world.system.stop("/m");
    await world.start({ id: "m", logic: desk });
    await world.tell("/m", { do: "add" });
    expect(await world.ask("/m", { do: "get" })).toBe(1);
    await world.crash();
    await world.start({ id: "m", logic: desk });
    expect(await world.ask("/m", { do: "get" })).toBe(1);
  });

  test("is left as it is by a system that closes", async () => {
    const world = new World();
    await world.start({ id: "m", logic: desk });
    await world.tell("/m", { do: "add" });
    await world.system.close();
    await world.crash();
    await world.start({ id: "m", logic: desk });
    expect(await world.ask("/m", { do: "get" })).toBe(1);
  });

  test("whose work was under way fails with an unknown outcome", async () => {
    const world = new World();
    await world.start({ id: "m", logic: desk, restart: "temporary" });
    await world.tell("/m", { do: "work" });
    await world.crash();
    await world.start({ id: "m", logic: desk, restart: "temporary" });
    expect(world.events.filter(({ type }) => type === "actor-failed")).toMatchObject([{ failure: { class: "unknown-outcome" } }]);
  });

  test("with a state that cannot be stored fails in that turn, and goes on with the one before", async () => {
    const world = new World();
    const logic = plain<unknown, string>({
      init: () => 0,
      receive(state, message, turn) {
        if (message === "get") return (turn.reply(state), state);
        return new Map([[message, state]]);
      },
    });
    await world.start({ id: "m", logic, onFailure: { crash: "resume" } });
    await world.tell("/m", "spoil");
    expect(world.events.find(({ type }) => type === "actor-failed")).toMatchObject({
      failure: { name: "NotStorableError", message: expect.stringContaining("the state of /m cannot be stored: state is a Map") as string },
    });
    expect(await world.ask("/m", "get")).toBe(0);
  });
});

describe("a tree", () => {
  const tree = supervisor({
    strategy: "one-for-all",
    children: [
      { id: "a", logic: desk },
      { id: "b", logic: supervisor({ children: [{ id: "c", logic: desk }] }) },
    ],
  });

  test("is there again as it was, and nothing of it counts as a restart", async () => {
    const world = new World();
    await world.start({ id: "org", logic: tree });
    await world.tell("/org/a", { do: "add" });
    await world.tell("/org/b/c", { do: "add" });
    await world.tell("/org/b/c", { do: "add" });
    await world.crash();
    await world.start({ id: "org", logic: tree });
    expect(await world.ask("/org/a", { do: "get" })).toBe(1);
    expect(await world.ask("/org/b/c", { do: "get" })).toBe(2);
    expect(world.events.filter(({ type }) => type === "report")).toEqual([]);
  });
});

/** Asks, delivers and answers; what it took it remembers, so that whatever comes twice shows. */
const peer = plain<{ readonly log: readonly string[]; readonly asker?: ReplyTo }, { readonly do: string; readonly n?: number }>({
  init: () => ({ log: [] }),
  receive(state, message, turn) {
    const log = [...state.log, message.n === undefined ? message.do : `${message.do} ${message.n}`];
    switch (message.do) {
      case "log":
        turn.reply(state.log);
        return state;
      case "ask":
        turn.ask("/b", { do: "question", n: message.n }, { tag: `q${message.n}`, timeoutMs: 600_000 });
        return { ...state, log };
      case "deliver":
        turn.deliver("/b", { do: "delivered", n: message.n });
        return { ...state, log };
      case "question": // Kept until somebody says so.
        return { ...state, log, asker: turn.replyTo! };
      case "answer":
        turn.reply("the answer", state.asker);
        return { ...state, log };
      default:
        return { ...state, log };
    }
  },
  signal: (state, signal) => ({ ...state, log: [...state.log, "tag" in signal ? `${signal.type} ${signal.tag}` : signal.type] }),
});

describe("between durable actors", () => {
  async function pair(): Promise<World> {
    const world = new World();
    await boot(world, ["a", "b"]);
    return world;
  }

  async function boot(world: World, ids: readonly string[]): Promise<void> {
    for (const id of ids) await world.start({ id, logic: peer });
  }

  test.each([
    ["the asker first", ["a", "b"]],
    ["the asked first", ["b", "a"]],
  ])("a question survives a crash of both, %s, and is taken once and answered once", async (_, order) => {
    const world = await pair();
    await world.tell("/a", { do: "ask", n: 1 });
    await world.crash();
    await boot(world, order);
    expect(await world.ask("/b", { do: "log" })).toEqual(["question 1"]);
    await world.crash();
    await boot(world, order);
    await world.tell("/b", { do: "answer" });
    expect(await world.ask("/a", { do: "log" })).toEqual(["ask 1", "orgtree.reply q1"]);
    await world.crash();
    await boot(world, order);
    expect(await world.ask("/a", { do: "log" })).toEqual(["ask 1", "orgtree.reply q1"]);
    expect(await world.ask("/b", { do: "log" })).toEqual(["question 1", "answer"]);
    expect(world.events.filter(({ type }) => type === "dead-letter")).toEqual([]);
  });

  test("a question that was taken is still waited for after the asker's next turns, and a crash", async () => {
    const world = await pair();
    await world.tell("/a", { do: "ask", n: 1 });
    await world.tell("/a", { do: "note" });
    await world.crash();
    await boot(world, ["a", "b"]);
    await world.tell("/b", { do: "answer" });
    expect(await world.ask("/a", { do: "log" })).toEqual(["ask 1", "note", "orgtree.reply q1"]);
    expect(await world.ask("/b", { do: "log" })).toEqual(["question 1", "answer"]);
  });

  test("an answer that is given before the asker is there again is heard by it", async () => {
    const world = await pair();
    await world.tell("/a", { do: "ask", n: 1 });
    await world.crash();
    await boot(world, ["b"]);
    await world.tell("/b", { do: "answer" });
    await boot(world, ["a"]);
    expect(await world.ask("/a", { do: "log" })).toEqual(["ask 1", "orgtree.reply q1"]);
    expect(world.events.filter(({ type }) => type === "dead-letter")).toEqual([]);
  });

  test("a question that was asked and not taken when everything died is taken by the next life", async () => {
    const world = await pair();
    world.file.freeze("/b");
    world.system.tell("/a", { do: "ask", n: 1 });
    await world.clock.settle();
    world.file.thaw();
    await world.crash();
    await boot(world, ["a", "b"]);
    expect(await world.ask("/b", { do: "log" })).toEqual(["question 1"]);
  });

  test("a question still ends at its deadline when nobody answers in any life", async () => {
    const world = await pair();
    await world.tell("/a", { do: "ask", n: 1 });
    await world.clock.advance(300_000);
    await world.crash(100_000);
    await boot(world, ["a", "b"]);
    await world.clock.advance(199_999);
    expect(await world.ask("/a", { do: "log" })).toEqual(["ask 1"]);
    await world.clock.advance(1);
    expect(await world.ask("/a", { do: "log" })).toEqual(["ask 1", "orgtree.ask-failed q1"]);
  });
});

test("what an actor has sent or answered before it ended arrives, whenever everything dies", async () => {
  const sender = plain<null, { readonly do: string }>({
    init: () => null,
    receive(state, message, turn) {
      if (message.do === "question") turn.reply("the last word");
      turn.deliver("/a", { do: "delivered", n: 7 });
      turn.exit();
      return state;
    },
  });
  for (let records = 1; records < 7; records++) {
    const world = new World();
    await world.start({ id: "a", logic: peer });
    await world.start({ id: "b", logic: sender, restart: "temporary" });
    world.file.freezeAfter(records, () => true);
    world.system.tell("/a", { do: "ask", n: 1 });
    await world.clock.settle();
    world.file.thaw();
    await world.crash();
    await world.start({ id: "a", logic: peer });
    await world.start({ id: "b", logic: sender, restart: "temporary" }).catch(() => {});
    const log = await world.ask("/a", { do: "log" });
    expect([records, (log as string[]).toSorted()]).toEqual([records, ["ask 1", "delivered 7", "orgtree.reply q1"]]);
  }
});

test("who cannot be read is left as it is, with its tree, and everybody else goes on", async () => {
  const world = new World();
  world.isReplayed = false;
  const tree = supervisor({
    children: [
      { id: "x", logic: desk },
      { id: "y", logic: desk },
    ],
  });
  await world.start({ id: "org", logic: tree });
  await world.start({ id: "other", logic: desk });
  for (const address of ["/org/x", "/org/y", "/other"] as const) await world.tell(address, { do: "add" });
  await world.append([{ address: "/org/x", seq: 1_000, kind: "whole", data: new Uint8Array([0x93, 0xff]) }]);
  const before = await world.turns("/org/y");
  await world.crash();
  await world.start({ id: "other", logic: desk });
  expect(await world.ask("/other", { do: "get" })).toBe(1);
  await expect(world.start({ id: "org", logic: tree }).then(() => world.ask("/org/x", { do: "get" }))).rejects.toThrow();
  const failures = world.events.flatMap((event) => (event.type === "report" ? event.report.chain : []));
  expect(failures.map(({ name }) => name)).toContain("TreeParkedError");
  expect(await world.turns("/org/y")).toEqual(before);
});

test("what a newer program has stored is refused with what to do about it", async () => {
  const world = new World();
  world.isReplayed = false;
  await world.start({ id: "desk", logic: desk });
  await world.append([{ address: "/desk", seq: 1_000, kind: "whole", data: new Uint8Array([0x92, 0x02, 0x01]) }]);
  await world.crash();
  await expect(world.start({ id: "desk", logic: desk })).rejects.toThrow("it was written by a newer version of orgtree; update orgtree");
});

test("whoever starts something after the root has ended is told why it has, each time", async () => {
  const world = new World();
  await world.start({ id: "desk", logic: desk });
  await world.append([]); // Somebody else has the journal now.
  for (const id of ["first", "second"])
    await expect(world.start({ id, logic: desk })).rejects.toMatchObject({
      name: "SystemClosedError",
      message: expect.stringContaining("its root has ended") as string,
    });
});
