import { AskFailedError, JournalDamagedError, JournalError } from "@orgtree/core";
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

  test("fails the actor when its time is over: the turn did not happen, and its message is there for the next life", async () => {
    let isFull = false;
    const commit = ({ address }: TurnRecord): Promise<void> => (isFull && address === "/m" ? Promise.reject(full) : Promise.resolve());
    await using world = startWorld({ store: { store: commit }, commitMs: 1_000 });
    await world.start(counter, { restart: "permanent" });
    isFull = true;
    const answer = world.system.ask("/m", "ADD", { timeoutMs: Infinity });
    await world.clock.advance(999);
    expect(world.exits()).toEqual([]);
    isFull = false;
    await world.clock.advance(1);
    await expect(answer).resolves.toBe(1);
    expect(world.exits()).toMatchObject([
      { kind: "failure", failure: { class: "timeout", kind: "commit", cause: { message: "no space left on device" } } },
    ]);
    expect(world.letters()).toEqual([]);
  });

  test("leaves the message lost and the asker in doubt when the store still was at it at the end", async () => {
    const commits = new Commits();
    await using world = startWorld({ store: commits, commitMs: 1_000 });
    await world.start(counter, { restart: "permanent" });
    commits.holds = "/m";
    const answer = world.system.ask("/m", "ADD", { timeoutMs: Infinity }).catch((error: unknown) => error);
    await world.clock.settle();
    const { seq } = commits.last.record;
    commits.holds = undefined;
    await world.clock.advance(1_000);
    expect(await answer).toMatchObject({ name: AskFailedError.name, outcome: "unknown" });
    expect(world.exits()).toMatchObject([{ kind: "failure", failure: { class: "timeout", kind: "commit" } }]);
    // Its number may be taken by now.
    expect(commits.of("/m").at(-1)).toMatchObject({ cause: "init", seq: seq + 1, incarnation: 2 });
  });

  test("leaves the message lost and the asker in doubt when the store does not know what became of it", async () => {
    let isSilent = false;
    const silence = new JournalError("j", "no answer", { retryable: true, outcome: "unknown" });
    const store = ({ address }: TurnRecord): Promise<void> => (isSilent && address === "/m" ? Promise.reject(silence) : Promise.resolve());
    await using world = startWorld({ store: { store }, commitMs: 1_000 });
    await world.start(counter, { restart: "permanent" });
    isSilent = true;
    const answer = world.system.ask("/m", "ADD", { timeoutMs: Infinity }).catch((error: unknown) => error);
    await world.clock.advance(999);
    isSilent = false;
    await world.clock.advance(1);
    expect(await answer).toMatchObject({ name: AskFailedError.name, outcome: "unknown" });
    expect(world.letters()).toHaveLength(1);
  });

  test("for longer is tried again for the root as long as it takes: with it everything would end", async () => {
    let isBroken = true;
    const store = ({ address }: TurnRecord): Promise<void> => (isBroken && address === "/" ? Promise.reject(full) : Promise.resolve());
    await using world = startWorld({ store: { store }, commitMs: 1_000 });
    const started = world.start(counter);
    await world.clock.advance(5_000);
    expect(world.exits("/")).toEqual([]);
    isBroken = false;
    await world.clock.advance(1_000);
    await started;
    await expect(world.system.ask("/m", "ADD")).resolves.toBe(1);
  });

  test("for good ends the root, and whoever starts something hears why", async () => {
    const damaged = new JournalDamagedError("j", "its pages are damaged");
    const store = ({ address }: TurnRecord): Promise<void> => (address === "/" ? Promise.reject(damaged) : Promise.resolve());
    await using world = startWorld({ store: { store }, commitMs: 1_000 });
    const why = "its pages are damaged";
    for (let round = 0; round < 2; round++) {
      const error = await world.system.start({ id: "m", logic: counter }).catch((error: unknown) => error);
      expect(error).toMatchObject({ name: "SystemClosedError", message: expect.stringContaining(why) as string });
    }
    expect(world.exits("/")).toMatchObject([{ kind: "failure", failure: { class: "timeout", kind: "commit" } }]);
  });

  test("may be the first of an actor: it does not start", async () => {
    const commits = new Commits();
    await using world = startWorld({ store: commits, commitMs: 1_000 });
    commits.holds = "/m";
    const starting = world.system.start({ id: "m", logic: counter }).catch((error: unknown) => error);
    await world.clock.settle();
    await world.clock.advance(1_000);
    expect(await starting).toMatchObject({ code: "start-failed", failure: { class: "timeout", kind: "commit" } });
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
