import { AskFailedError, JournalDamagedError, JournalError, JournalMovedError } from "@orgtree/core";
import { describe, expect, test } from "vitest";
import { createActorSystem } from "../actor-system.ts";
import { startWorld } from "../machine/machine.fixture.ts";
import { supervisor } from "../supervisor/supervisor.ts";
import type { TurnRecord } from "../durable/turn-store.ts";
import { Commits } from "./commits.fixture.ts";
import { plain } from "./plain.ts";

/** Answers with how often it was asked; its state is the count. */
const counter = plain<number, "ADD">({
  init: () => 0,
  receive(count, _message, turn) {
    turn.reply(count + 1);
    return count + 1;
  },
});

const full = new Error("no space left on device");

describe("a commit that the store fails", () => {
  test("is tried again until it is there, later and later; nothing is lost and nobody fails", async () => {
    const commits = new Commits();
    await using world = startWorld({ store: commits });
    await world.start(counter);
    commits.holds = "/m";
    const answer = world.system.ask("/m", "ADD", { timeoutMs: Infinity });
    const attempts: number[] = [];
    for (let count = 0; count < 4; count++) {
      await world.clock.settle();
      attempts.push(world.clock.nowMs());
      commits.last.fail(full);
      await world.clock.settle();
      if (count === 3) commits.holds = undefined;
      await world.clock.advance(20 * 2 ** count);
    }
    await expect(answer).resolves.toBe(1);
    expect(attempts.map((at) => at - attempts[0]!)).toEqual([0, 20, 60, 140]);
    expect(world.exits()).toEqual([]);
    const [, first, ...rest] = commits.of("/m");
    expect(rest).toEqual([first, first, first, first]);
    expect(world.log.filter(({ level }) => level === "warn")).toHaveLength(4);
  });

  test("of a timer that was due does not lose it: who is resumed hears it then", async () => {
    const commits = new Commits();
    const fired: string[] = [];
    const waits = plain<number, "SET">({
      init: () => 0,
      receive: (count, _message, turn) => (turn.setTimer("due", 10), count),
      signal: (count, { type }) => (fired.push(type), count + 1),
    });
    await using world = startWorld({ store: commits });
    await world.start(waits, { onFailure: { crash: "resume" } });
    world.system.tell("/m", "SET");
    await world.clock.settle();
    commits.holds = "/m";
    await world.clock.advance(10);
    commits.last.fail(new JournalError("j", "the disk is full", { retryable: false }));
    commits.holds = undefined;
    await world.clock.settle();
    expect(fired).toEqual(["orgtree.timer", "orgtree.timer"]);
    expect(commits.of("/m").at(-1)).toMatchObject({ state: 1, books: { timers: {} } });
    expect(world.exits()).toEqual([]);
    await world.clock.advance(1_000);
    expect(fired).toHaveLength(2);
    // What can never be stored does not come for ever.
    commits.holds = "/m";
    world.system.tell("/m", "SET");
    await world.clock.settle();
    commits.last.accept();
    await world.clock.advance(10);
    for (let times = 0; times < 2; times++) {
      commits.last.fail(new JournalError("j", "it is too large", { retryable: false }));
      await world.clock.settle();
    }
    commits.release();
    await world.clock.settle();
    expect(fired).toHaveLength(4);
  });

  test("is tried again for as long as it takes, and told each time that its time is over; nobody fails", async () => {
    let isFull = false;
    const commit = ({ address }: TurnRecord): Promise<void> => (isFull && address === "/m" ? Promise.reject(full) : Promise.resolve());
    await using world = startWorld({ store: { store: commit }, commitMs: 1_000 });
    await world.start(counter);
    isFull = true;
    const answer = world.system.ask("/m", "ADD", { timeoutMs: Infinity });
    await world.clock.advance(3_500);
    expect(world.of("commit-late").map(({ address, waitedMs }) => [address, waitedMs])).toEqual([
      ["/m", 1_000],
      ["/m", 2_000],
      ["/m", 3_000],
    ]);
    isFull = false;
    await world.clock.advance(1_000);
    await expect(answer).resolves.toBe(1);
    expect(world.exits()).toEqual([]);
  });

  test("for good fails its turn alone: the asker is told, the actor goes on from the turn before, three times a minute", async () => {
    const tooLarge = new JournalError("j", "it is too large");
    let isTooLarge = false;
    const store = ({ address }: TurnRecord): Promise<void> =>
      isTooLarge && address === "/m" ? Promise.reject(tooLarge) : Promise.resolve();
    await using world = startWorld({ store: { store } });
    await world.start(counter);
    const ask = async (): Promise<unknown> => {
      const [answer] = await Promise.all([world.system.ask("/m", "ADD").catch((error: unknown) => error), world.clock.settle()]);
      return answer;
    };
    expect(await ask()).toBe(1);
    isTooLarge = true;
    for (let times = 0; times < 3; times++) expect(await ask()).toMatchObject({ name: AskFailedError.name, outcome: "not-done" });
    isTooLarge = false;
    expect(await ask()).toBe(2);
    expect(world.exits()).toEqual([]);
    isTooLarge = true;
    await ask();
    expect(world.exits()).toMatchObject([{ kind: "failure", failure: { class: "crash", kind: "commit", name: "NotStored" } }]);
  });

  test.each(["still is at it", "does not know what became of it"])(
    "leaves the asker in doubt when the store %s at the end of the system",
    async (how) => {
      const commits = new Commits();
      const world = startWorld({ store: commits, commitMs: 1_000 });
      await world.start(counter);
      commits.holds = "/m";
      const answer = world.system.ask("/m", "ADD", { timeoutMs: Infinity }).catch((error: unknown) => error);
      await world.clock.settle();
      if (how.startsWith("does")) commits.last.fail(new JournalError("j", "no answer", { retryable: true, outcome: "unknown" }));
      const closing = world.system.close();
      await world.clock.advance(10_000);
      await closing;
      expect(await answer).toMatchObject({ name: AskFailedError.name, outcome: "unknown" });
      await world[Symbol.asyncDispose]();
    },
  );

  test.each([
    ["it is damaged", new JournalDamagedError("j", "its pages are damaged")],
    ["it was moved", new JournalMovedError("j", "it was removed", { outcome: "unknown" })],
    ["it may only be read", new JournalError("j", "it is read-only for this process")],
    ["it is closed", new JournalError("j", "it is closed")],
  ])("because %s ends the root, and whoever starts something hears why", async (_, problem) => {
    const store = ({ address }: TurnRecord): Promise<void> => (address === "/" ? Promise.reject(problem) : Promise.resolve());
    await using world = startWorld({ store: { store }, commitMs: 1_000 });
    for (let round = 0; round < 2; round++) {
      const error = await world.system.start({ id: "m", logic: counter }).catch((error: unknown) => error);
      expect(error).toMatchObject({ name: "SystemClosedError", message: expect.stringContaining(problem.message) as string });
    }
    expect(world.exits("/")).toMatchObject([{ kind: "failure", failure: { class: "crash", kind: "commit", name: "NotStored" } }]);
  });

  test("for good, of everybody in a system that runs, ends it: nobody waits for ever", async () => {
    const readOnly = new JournalError("j", "its file system is read-only by now");
    let isReadOnly = false;
    const store = (): Promise<void> => (isReadOnly ? Promise.reject(readOnly) : Promise.resolve());
    await using world = startWorld({ store: { store }, commitMs: 1_000 });
    await world.start(counter);
    isReadOnly = true;
    for (let times = 0; times < 5; times++) {
      const [answer] = await Promise.all([world.system.ask("/m", "ADD").catch((error: unknown) => error), world.clock.settle()]);
      expect(answer).toBeInstanceOf(Error);
    }
    await world.clock.advance(60_000);
    expect(world.exits("/")).toMatchObject([{ kind: "failure", failure: { kind: "commit", name: "NotStored" } }]);
    const error = await world.system.start({ id: "n", logic: counter }).catch((error: unknown) => error);
    expect(error).toMatchObject({ name: "SystemClosedError", message: expect.stringContaining(readOnly.message) as string });
  });

  test("may be the first of an actor: it starts later, or not within its time", async () => {
    const commits = new Commits();
    await using world = startWorld({ store: commits, commitMs: 1_000 });
    commits.holds = "/m";
    const starting = world.system.start({ id: "m", logic: counter, startMs: 5_000 }).catch((error: unknown) => error);
    await world.clock.advance(5_000);
    expect(await starting).toMatchObject({ code: "start-failed", failure: { class: "timeout", kind: "start" } });
  });

  test("of a supervisor's decision is tried again as well, and its children live on", async () => {
    const commits = new Commits();
    await using world = startWorld({ store: commits });
    await world.start(supervisor({ children: [{ id: "one", logic: counter }] }), { id: "desk" });
    commits.holds = "/desk";
    const ended = world.system.supervisor("/desk").terminateChild("one");
    await world.clock.settle();
    commits.last.fail(full);
    await world.clock.settle();
    commits.holds = undefined;
    await world.clock.advance(20);
    await ended;
    expect(world.exits("/desk")).toEqual([]);
    expect(world.exits("/desk/one")).toEqual([{ kind: "shutdown" }]);
  });

  test("that never ends keeps nobody from closing the system for longer than its time", async () => {
    const commits = new Commits();
    const world = startWorld({ store: commits, commitMs: 1_000 });
    await world.start(counter);
    commits.holds = "all";
    world.system.tell("/m", "ADD");
    await world.clock.settle();
    let isClosed = false;
    const closing = world.system.close().then(() => (isClosed = true));
    await world.clock.settle();
    expect(isClosed).toBe(false);
    await world.clock.advance(10_000);
    await closing;
    expect(world.system.open).toEqual({ actors: 0, timers: 0, asks: 0 });
    await world[Symbol.asyncDispose]();
  });
});

test("The time of a commit is checked", () => {
  expect(() => createActorSystem({ commitMs: Number.NaN })).toThrow("commitMs: a number of at least 0, not NaN");
});
