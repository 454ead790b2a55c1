import type { SystemEventOf } from "@orgtree/core";
import { describe, expect, test } from "vitest";
import { createActorSystem } from "../actor-system.ts";
import { Dispatcher, type Runnable } from "./dispatcher.ts";
import { startWorld } from "../machine/machine.fixture.ts";
import { plain } from "../actor/plain.ts";
import { makePuppet } from "../actor/plain.fixture.ts";
import { VirtualClock } from "../time/virtual-clock.ts";

function makeDispatcher() {
  const clock = new VirtualClock();
  const stalls: number[] = [];
  return { clock, stalls, dispatcher: new Dispatcher(clock, { ms: 100, report: (_runnable, ms) => stalls.push(ms) }) };
}

/** Something with `left` turns to take; a throw of `onTurn` is kept. */
function makeRunnable(left: number, onTurn: () => void): Runnable & { left: number; readonly crashes: unknown[] } {
  const crashes: unknown[] = [];
  return {
    queued: false,
    left,
    crashes,
    crashed: (error) => void crashes.push(error),
    run(turns) {
      for (; turns > 0 && this.left > 0; turns--, this.left--) onTurn();
      return this.left > 0;
    },
  };
}

describe("Dispatcher", () => {
  test("never runs anybody on the stack of the one who schedules him", async () => {
    const { clock, dispatcher } = makeDispatcher();
    let ran = 0;
    dispatcher.schedule(makeRunnable(1, () => ran++));
    expect(ran).toBe(0);
    expect(dispatcher.idle).toBe(false);
    await clock.settle();
    expect(ran).toBe(1);
    expect(dispatcher.idle).toBe(true);
  });

  test("runs what is scheduled twice once", async () => {
    const { clock, dispatcher } = makeDispatcher();
    let ran = 0;
    const runnable = makeRunnable(1, () => ran++);
    dispatcher.schedule(runnable);
    dispatcher.schedule(runnable);
    await clock.settle();
    expect(ran).toBe(1);
  });

  test("takes slices in turn, so that a flood at one does not keep the other waiting", async () => {
    const { clock, dispatcher } = makeDispatcher();
    const order: string[] = [];
    dispatcher.schedule(makeRunnable(100_000, () => order.push("flooded")));
    dispatcher.schedule(makeRunnable(3, () => order.push("other")));
    await clock.settle();
    expect(order.indexOf("other")).toBe(16);
    expect(order).toHaveLength(100_003);
  });

  test("goes on with the others after one of them threw, which nobody should", async () => {
    const { clock, dispatcher } = makeDispatcher();
    let ran = 0;
    const bad = makeRunnable(1, () => {
      throw new Error("a mistake of the runtime's");
    });
    dispatcher.schedule(bad);
    dispatcher.schedule(makeRunnable(1, () => ran++));
    await clock.settle();
    expect(bad.crashes).toEqual([new Error("a mistake of the runtime's")]);
    expect(ran).toBe(1);
    expect(dispatcher.idle).toBe(true);
  });

  test("gives way to others after a while, however slow the turns are", async () => {
    let nowMs = 0;
    const deferred: (() => void)[] = [];
    const clock = { nowMs: () => nowMs, epochMs: () => 0, setTimer: () => () => {}, defer: (work: () => void) => void deferred.push(work) };
    const dispatcher = new Dispatcher(clock, { ms: Infinity, report: () => {} });
    for (let number = 0; number < 20; number++) dispatcher.schedule(makeRunnable(1, () => (nowMs += 4)));
    await Promise.resolve();
    expect(nowMs).toBe(12);
    expect(deferred).toHaveLength(1);
    deferred[0]!();
    expect(nowMs).toBe(24);
  });
});

describe("a system of actors", () => {
  test("serves an actor although another one is flooded", async () => {
    await using world = startWorld();
    const order: string[] = [];
    const note = plain<null, string>({
      init: () => null,
      receive(_state, name) {
        order.push(name);
        return null;
      },
    });
    await world.start(note, { id: "flooded", mailbox: 100_000 });
    await world.start(note, { id: "other" });
    for (let number = 0; number < 50_000; number++) world.system.tell("/flooded", "flooded");
    await world.tell("other", "/other");
    expect(order).toHaveLength(50_001);
    expect(order.indexOf("other")).toBeLessThan(1_000);
  });

  test("serves I/O while two actors send to each other for ever", async () => {
    // In real time: the barrier is the event loop's own.
    await using system = createActorSystem();
    let turns = 0;
    const player = plain<boolean, "play" | "stop">({
      init: () => true,
      receive(plays, message, turn) {
        turns++;
        if (message === "stop") return false;
        if (plays) turn.tell(turn.address === "/ping" ? "/pong" : "/ping", "play");
        return plays;
      },
    });
    await system.start({ id: "ping", logic: player });
    await system.start({ id: "pong", logic: player });
    system.tell("/ping", "play");
    for (let round = 0; round < 5; round++) {
      const before = turns;
      await new Promise((resolve) => setImmediate(resolve));
      expect(turns).toBeGreaterThan(before);
    }
    system.tell("/ping", "stop");
  });

  test("passes a message along a chain of 100,000 tells without a stack", async () => {
    await using world = startWorld();
    const links = 100_000;
    const link = plain<null, number>({
      init: () => null,
      receive(_state, number, turn) {
        if (number === links) turn.emit({ type: "arrived" });
        else turn.tell(turn.address === "/a" ? "/b" : "/a", number + 1);
        return null;
      },
    });
    await world.start(link, { id: "a" });
    await world.start(link, { id: "b" });
    await world.tell(1, "/a");
    expect(world.of("emitted")).toHaveLength(1);
  });

  test("reports a turn that keeps the thread for longer than stallMs", async () => {
    const clock = new VirtualClock();
    let extraMs = 0;
    const stalling = {
      nowMs: () => clock.nowMs() + extraMs,
      epochMs: () => 7,
      setTimer: clock.setTimer.bind(clock),
      defer: clock.defer.bind(clock),
    };
    await using system = createActorSystem({ clock: stalling, stallMs: 50 });
    const stalls: SystemEventOf<"stalled">[] = [];
    system.observe((event) => {
      if (event.type === "stalled") stalls.push(event);
    });
    await system.start({ id: "a", logic: makePuppet().logic });
    for (const ms of [50, 51]) {
      system.tell("/a", () => (extraMs += ms));
      await clock.settle();
    }
    expect(stalls).toEqual([{ type: "stalled", address: "/a", turnMs: 51, atMs: 7 }]);
  });
});
