/** The wall clock of the next process is behind that of the one before: nobody waits longer for it than was ever set. */
import { plain, supervisor } from "@orgtree/runtime";
import { expect, test } from "vitest";
import { setup } from "xstate";
import { World } from "./world.ts";

const hourMs = 3_600_000;

const waiting = plain<readonly string[], "BEGIN" | "GET">({
  init: () => [],
  receive(heard, message, turn) {
    if (message === "GET") turn.reply(heard);
    else {
      turn.setTimer("alarm", 60_000);
      turn.ask("/silent", "anything", { tag: "question", timeoutMs: 90_000 });
    }
    return heard;
  },
  signal: (heard, signal) => [...heard, signal.type],
});

const silent = plain({ init: () => null, receive: (state) => state });

test.each([1_000, hourMs, 365 * 24 * hourMs])("by %d ms: a timer and a deadline end after the time that was set", async (backMs) => {
  const world = new World();
  const start = async (): Promise<void> => {
    await world.start({ id: "silent", logic: silent });
    await world.start({ id: "m", logic: waiting });
  };
  await start();
  await world.tell("/m", "BEGIN");
  await world.clock.advance(500);
  await world.crash(-backMs);
  await start();
  await world.clock.advance(60_000);
  expect(await world.ask("/m", "GET")).toEqual(["orgtree.timer"]);
  await world.clock.advance(30_000);
  expect(await world.ask("/m", "GET")).toEqual(["orgtree.timer", "orgtree.ask-failed"]);
});

test("by an hour: so does the timer of a machine", async () => {
  const machine = setup({}).createMachine({
    id: "patience",
    initial: "early",
    states: { early: { after: { 60_000: "late" } }, late: { after: { 60_000: "over" } }, over: { type: "final" } },
  });
  const world = new World();
  await world.start({ id: "m", logic: machine });
  await world.clock.advance(20_000);
  await world.crash(-hourMs);
  await world.start({ id: "m", logic: machine });
  await world.clock.advance(59_999);
  const state = (): unknown => world.system.tree().children[0]?.label;
  expect(state()).toBe("early");
  await world.clock.advance(1);
  expect(state()).toBe("late");
});

test("by an hour: a child is tried again after its backoff, and what was restarted counts as just now", async () => {
  const world = new World();
  let starts = 0;
  const failing = plain<null, string>({
    init: () => (starts++, null),
    receive(): never {
      throw new Error("broken");
    },
  });
  const logic = supervisor({
    children: [{ id: "one", logic: failing, backoff: { minMs: 10_000, maxMs: 10_000, jitter: 0 } }],
    intensity: { maxRestarts: 1, periodMs: 60_000 },
  });
  await world.start({ id: "desk", logic });
  await world.tell("/desk/one", "fail");
  await world.crash(-hourMs);
  await world.start({ id: "desk", logic });
  await world.clock.advance(9_999);
  expect(starts).toBe(1);
  await world.clock.advance(1);
  expect(starts).toBe(2);
  await world.clock.advance(60_001);
  // Its one restart is long ago.
  await world.tell("/desk/one", "fail");
  await world.clock.advance(10_000);
  expect(starts).toBe(3);
});
