/** Supervisors when their process dies: what was decided is carried on with, and nothing is decided twice. */
import { JournalError, type Address, type Exit, type NewEntry } from "@orgtree/core";
import { MemoryFile, MemoryJournal } from "@orgtree/journal";
import { createActorSystem, plain, supervisor, VirtualClock, type Turn } from "@orgtree/runtime";
import { describe, expect, test } from "vitest";
import { World } from "./world.ts";

interface Order {
  readonly do: "add" | "get" | "die" | "exit" | "start" | "deliver";
  readonly id?: string;
}

/** Counts, dies and ends as it is told. */
const desk = plain<{ readonly count: number; readonly heard: readonly string[] }, Order>({
  init: () => ({ count: 0, heard: [] }),
  receive(state, message, turn: Turn) {
    switch (message.do) {
      case "get":
        turn.reply([state.count, ...state.heard]);
        return state;
      case "die":
        throw new Error("died");
      case "exit":
        turn.exit();
        return state;
      case "start":
        turn.ask("/org/pool", { type: "start-child", spec: { input: message.id } }, { tag: "started", timeoutMs: 600_000 });
        return state;
      case "deliver":
        for (let n = 0; n < 5; n++) turn.deliver("/org/b", { do: n === 0 && message.id === "poison" ? "die" : "add" });
        return state;
      default:
        return { ...state, count: state.count + 1 };
    }
  },
  signal: (state, signal) => ({ ...state, heard: [...state.heard, signal.type] }),
});

const status = (world: World, address: Address): unknown => world.system.supervisor(address).listChildren();

async function list(world: World, address: Address): Promise<readonly string[]> {
  const [children] = await Promise.all([status(world, address), world.clock.settle()]);
  return (children as { id: string; status: string; restarts: number }[])
    .map(({ id, status, restarts }) => `${id} ${status} ${restarts}`)
    .reverse();
}

describe("a crash between a decision and what was decided", () => {
  const tree = supervisor({
    strategy: "one-for-all",
    children: [
      { id: "a", logic: desk },
      { id: "b", logic: desk },
      { id: "c", logic: desk },
    ],
  });

  /** Crashes after each number of records that a failure of `b` leads to, until there are no more. */
  test.each(Array.from({ length: 9 }, (_, at) => at))("a restart of a group goes on after record %i", async (records) => {
    const world = new World();
    await world.start({ id: "org", logic: tree });
    for (const id of ["a", "b", "c"]) await world.tell(`/org/${id}` as Address, { do: "add" });
    world.file.freezeAfter(records, (entry: NewEntry) => entry.address.startsWith("/org"));
    world.system.tell("/org/b", { do: "die" });
    await world.clock.settle();
    const wasDecided = world.file.stored.some(({ address }) => address === "/org");
    world.file.thaw();
    await world.crash();
    await world.start({ id: "org", logic: tree });
    const counts = await Promise.all(["a", "b", "c"].map((id) => world.ask(`/org/${id}` as Address, { do: "get" })));
    // Decided: all three begin afresh. Not decided: nothing had happened.
    expect(counts).toEqual(wasDecided ? [[0], [0], [0]] : [[1], [1], [1]]);
    expect((await list(world, "/org")).map((line) => line.split(" ").slice(0, 2).join(" "))).toEqual([
      "a running",
      "b running",
      "c running",
    ]);
  });

  test("what a life had delivered is handed over also where a fresh one was decided in its place", async () => {
    const world = new World();
    await world.start({ id: "org", logic: tree });
    world.file.freeze("/org/b");
    await world.tell("/org/a", { do: "deliver" });
    world.file.freezeAfter(0, (entry: NewEntry) => entry.address === "/org/a");
    await world.tell("/org/c", { do: "die" });
    await world.clock.advance(10_000);
    world.file.thaw();
    await world.crash();
    await world.start({ id: "org", logic: tree });
    expect(await world.ask("/org/b", { do: "get" })).toEqual([5]);
  });

  test("an actor that has asked for its end ends, and is not started again", async () => {
    const world = new World();
    const quiet = supervisor({ children: [{ id: "a", logic: desk, restart: "transient" }] });
    await world.start({ id: "org", logic: quiet });
    world.file.freeze("/org");
    world.system.tell("/org/a", { do: "exit" });
    await world.clock.settle();
    world.file.thaw();
    await world.crash();
    await world.start({ id: "org", logic: quiet });
    expect(await list(world, "/org")).toEqual(["a stopped 0"]);
  });

  test("a child that an actor asked for is started once", async () => {
    const crew = supervisor({
      children: [
        { id: "pool", logic: supervisor({ strategy: "dynamic", template: { logic: desk }, maxChildren: 10 }) },
        { id: "b", logic: desk },
      ],
    });
    for (let records = 0; records < 8; records++) {
      const world = new World();
      await world.start({ id: "org", logic: crew });
      world.file.freezeAfter(records, () => true);
      world.system.tell("/org/b", { do: "start", id: "x" });
      await world.clock.settle();
      const wasAsked = world.file.stored.length > 0;
      world.file.thaw();
      await world.crash();
      await world.start({ id: "org", logic: crew });
      expect([records, await list(world, "/org/pool")]).toEqual([records, wasAsked ? ["child-1 running 0"] : []]);
      expect([records, await world.ask("/org/b", { do: "get" })]).toEqual([records, wasAsked ? [0, "orgtree.reply"] : [0]]);
    }
  });

  test("the answer to an actor that comes up later than its supervisor is kept for it", async () => {
    const world = new World();
    let isSlow = true;
    const slow = plain<null, unknown>({ init: () => (isSlow ? new Promise<null>(() => {}) : null), receive: (state) => state });
    const pool = supervisor({ strategy: "dynamic", template: { logic: slow, startMs: "infinity" }, maxChildren: 10 });
    await world.start({ id: "org", logic: supervisor({ children: [{ id: "pool", logic: pool }] }) });
    await world.start({ id: "asker", logic: desk });
    await world.tell("/asker", { do: "start", id: "x" });
    isSlow = false;
    await world.crash();
    await world.start({ id: "org", logic: supervisor({ children: [{ id: "pool", logic: pool }] }) });
    // With another record of the supervisor whatever it believes to be taken is gone.
    await Promise.all([world.system.supervisor("/org/pool").startChild({ input: "y" }), world.clock.settle()]);
    await world.start({ id: "asker", logic: desk });
    expect(await world.ask("/asker", { do: "get" })).toEqual([0, "orgtree.reply"]);
  });

  test("the restart history is there, and an intensity that was used up is used up", async () => {
    const world = new World();
    const frail = supervisor({ intensity: { maxRestarts: 2, periodMs: 60_000 }, children: [{ id: "a", logic: desk }] });
    await world.start({ id: "org", logic: frail, restart: "temporary" });
    for (let n = 0; n < 2; n++) await world.tell("/org/a", { do: "die" });
    await world.crash(1_000);
    await world.start({ id: "org", logic: frail, restart: "temporary" });
    expect(await list(world, "/org")).toEqual(["a running 2"]);
    const ended: Promise<Exit> = world.system.watch("/org");
    await world.tell("/org/a", { do: "die" });
    expect(await ended).toMatchObject({ kind: "escalated" });
  });
});

describe("delivery", () => {
  const two = supervisor({
    children: [
      { id: "a", logic: desk },
      { id: "b", logic: desk, mailbox: 2, onFailure: { crash: "resume" } },
    ],
  });

  test("what is delivered waits for room in a full mailbox, in order", async () => {
    const world = new World();
    await world.start({ id: "org", logic: two });
    await world.tell("/org/a", { do: "deliver" });
    expect(await world.ask("/org/b", { do: "get" })).toEqual([5]);
    expect(world.system.deadLetters.list()).toEqual([]);
  });

  test("what fails its recipient is taken all the same, and never comes again", async () => {
    const world = new World();
    await world.start({ id: "org", logic: two });
    await world.tell("/org/a", { do: "deliver", id: "poison" });
    expect(await world.ask("/org/b", { do: "get" })).toEqual([4]);
    expect(world.system.deadLetters.counts()).toEqual({ failed: 1 });
    await world.crash();
    await world.start({ id: "org", logic: two });
    expect(await world.ask("/org/b", { do: "get" })).toEqual([4]);
    expect(world.system.deadLetters.counts()).toEqual({});
  });
});

test("the end of a supervisor that is given up is stored: whoever is started there later is somebody else", async () => {
  const world = new World();
  const org = { id: "org", logic: supervisor({ children: [{ id: "a", logic: desk }] }) };
  await world.start(org);
  await Promise.all([world.system.stop("/org"), world.clock.settle()]);
  const images: string[] = [];
  for await (const { address } of new MemoryJournal(world.file).images()) images.push(address);
  expect(images).not.toContain("/org");
});

test.each([true, false])("the end of a place that could not be stored is stored in front of what comes next", async (retryable) => {
  class BusyJournal extends MemoryJournal {
    isBusy = true;
    override append(entries: readonly NewEntry[]): Promise<number> {
      if (!this.isBusy || entries[0]!.kind !== "end") return super.append(entries);
      this.isBusy = false;
      return Promise.reject(new JournalError("test", "the disk is busy", { retryable }));
    }
  }
  const clock = new VirtualClock();
  const file = new MemoryFile();
  const system = createActorSystem({ clock, journal: new BusyJournal(file) });
  const start = (): Promise<unknown> => Promise.all([system.start({ id: "a", logic: desk }), clock.settle()]);
  await start();
  await Promise.all([system.stop("/a"), clock.settle()]);
  await start();
  const kinds: string[] = [];
  for await (const { kind } of new MemoryJournal(file).read({ address: "/a" })) kinds.push(kind);
  expect(kinds).toEqual(["whole", "end", "whole"]);
});

test("the number of a life is used once, also by those below a supervisor that was started again", async () => {
  const world = new World();
  const team = { id: "team", logic: supervisor({ children: [{ id: "a", logic: desk, onFailure: { crash: "escalate" } }] }) };
  const org = { id: "org", logic: supervisor({ children: [team], intensity: { maxRestarts: 5, periodMs: 1_000 } }) };
  await world.start(org);
  for (let times = 0; times < 2; times++) await world.tell("/org/team/a", { do: "die" });
  await world.crash();
  await world.start(org);
  await world.tell("/org/team/a", { do: "add" });
  expect((await world.turns("/org/team/a")).map(({ incarnation }) => incarnation)).toEqual([1, 2, 3, 4]);
});

test("what was spent is counted once over crashes, also where a supervisor was started again: by the child, and by those above", async () => {
  const spender = plain<number, "add" | "left" | "die">({
    init: () => 0,
    receive(count, message, turn) {
      if (message === "die") throw new Error("died");
      if (message === "left") turn.reply(turn.budget.left().turns);
      return count + 1;
    },
  });
  const child = { id: "a", logic: spender, budget: { turns: 20 }, onFailure: { crash: "escalate" as const } };
  const team = { id: "team", logic: supervisor({ children: [child] }), budget: { turns: 30 } };
  const top = { id: "top", logic: supervisor({ children: [team, { id: "b", logic: spender }] }), budget: { turns: 40 } };
  const world = new World();
  // What is left of a budget is in no record.
  world.isReplayed = false;
  await world.start(top);
  for (let n = 0; n < 4; n++) await world.tell("/top/team/a", "add");
  await world.tell("/top/team/a", "die"); // The team gives up, and is started again, with all that is below it.
  expect([await world.ask("/top/team/a", "left"), await world.ask("/top/b", "left")]).toEqual([14, 9]);
  for (let times = 1; times < 4; times++) {
    await world.crash();
    await world.start(top);
    // Of the turn that failed there is no record of the child's: those above know of it.
    expect([await world.ask("/top/team/a", "left"), await world.ask("/top/b", "left")]).toEqual([15 - times, 9 - times]);
  }
});

test("what was spent stays spent over a crash, that of children which are gone included", async () => {
  const world = new World();
  const crew = supervisor({
    strategy: "dynamic",
    maxChildren: 10,
    template: { logic: desk },
  });
  const spec = { id: "org", logic: crew, budget: { turns: 10 } };
  await world.start(spec);
  const handle = world.system.supervisor("/org");
  await Promise.all([handle.startChild({ id: "x" }), handle.startChild({ id: "y" }), world.clock.settle()]);
  for (let n = 0; n < 3; n++) await world.tell("/org/x", { do: "add" });
  await world.tell("/org/y", { do: "add" });
  await Promise.all([handle.terminateChild("x"), world.clock.settle()]);
  await world.crash();
  await world.start(spec);
  for (let n = 0; n < 6; n++) await world.tell("/org/y", { do: "add" });
  const failures: unknown[] = [];
  world.system.observe((event) => event.type === "actor-failed" && failures.push(event.failure.class));
  await world.tell("/org/y", { do: "add" });
  expect(failures[0]).toBe("budget-exhausted");
});

describe("who was started by hand", () => {
  test("gets what was delivered to it when it is started again, and not before", async () => {
    const world = new World();
    const org = supervisor({ children: [{ id: "a", logic: desk }] });
    const add = async (): Promise<void> => {
      await Promise.all([world.system.supervisor("/org").startChild({ id: "b", logic: desk }), world.clock.settle()]);
    };
    await world.start({ id: "org", logic: org });
    await add();
    await world.tell("/org/b", { do: "add" });
    // The process ends before it has taken anything.
    world.file.freeze("/org/b");
    await world.tell("/org/a", { do: "deliver" });
    world.file.thaw();
    for (let crashes = 0; crashes < 2; crashes++) {
      await world.crash();
      await world.start({ id: "org", logic: org });
      expect(world.system.deadLetters.counts()).toEqual({});
    }
    await add();
    expect(await world.ask("/org/b", { do: "get" })).toEqual([6]);
    await world.crash();
    await world.start({ id: "org", logic: org });
    await add();
    expect(await world.ask("/org/b", { do: "get" })).toEqual([6]);
  });

  test("goes on where it was when it is started again, also below a supervisor that does not know it", async () => {
    const world = new World();
    const org = supervisor({ children: [{ id: "a", logic: desk }] });
    const add = async (): Promise<void> => {
      await Promise.all([world.system.supervisor("/org").startChild({ id: "late", logic: desk }), world.clock.settle()]);
    };
    await world.start({ id: "org", logic: org });
    await add();
    await world.tell("/org/late", { do: "add" });
    for (let crashes = 0; crashes < 2; crashes++) {
      await world.crash();
      await world.start({ id: "org", logic: org });
      await add();
      expect(await world.ask("/org/late", { do: "get" })).toEqual([1]);
    }
  });

  test("begins afresh at the top where that was decided before the crash, and where it was stopped", async () => {
    const world = new World();
    await world.start({ id: "m", logic: desk });
    await world.tell("/m", { do: "add" });
    world.file.freeze("/m");
    world.system.tell("/m", { do: "die" });
    await world.clock.settle();
    world.file.thaw();
    await world.crash();
    await world.start({ id: "m", logic: desk });
    expect(await world.ask("/m", { do: "get" })).toEqual([0]);
    await world.tell("/m", { do: "add" });
    await Promise.all([world.system.stop("/m"), world.clock.settle()]);
    await world.crash();
    await world.start({ id: "m", logic: desk });
    expect(await world.ask("/m", { do: "get" })).toEqual([0]);
  });

  test("at the top has its restart history", async () => {
    const world = new World();
    await world.start({ id: "m", logic: desk });
    await world.tell("/m", { do: "die" });
    await world.crash(100);
    await world.start({ id: "m", logic: desk });
    await world.tell("/m", { do: "die" });
    expect(world.events.some(({ type }) => type === "escalated-to-root")).toBe(true);
  });
});

test("a call that was under way when its process died counts at its worst case", async () => {
  const world = new World();
  // What is left of a budget is in no record.
  world.isReplayed = false;
  let called = 0;
  const caller = plain<null, "call" | "left">({
    init: () => null,
    receive(state, message, turn) {
      if (message === "left") turn.reply(turn.budget.left().tokens);
      else
        turn.run("call", async ({ budget }) => {
          const reservation = budget.reserve({ tokens: 60 });
          await budget.stored();
          called++;
          if (called === 1) return reservation.settle({ tokens: 10 });
          return new Promise(() => {});
        });
      return state;
    },
  });
  const spec = { id: "m", logic: caller, budget: { tokens: 100 }, onFailure: { "unknown-outcome": "resume" as const } };
  await world.start(spec);
  await world.tell("/m", "call");
  expect(await world.ask("/m", "left")).toBe(90);
  await world.tell("/m", "call");
  expect([called, await world.ask("/m", "left")]).toEqual([2, 30]);
  await world.crash();
  await world.start(spec);
  expect([called, await world.ask("/m", "left")]).toEqual([2, 30]);
});
