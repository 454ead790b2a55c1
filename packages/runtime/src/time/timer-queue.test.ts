import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { TimerQueue, type Timer } from "./timer-queue.ts";
import { VirtualClock } from "./virtual-clock.ts";

function makeQueue() {
  const clock = new VirtualClock();
  const errors: unknown[] = [];
  const timers = new TimerQueue(clock, (error) => errors.push(error));
  return { clock, timers, errors };
}

const steps = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant("set" as const), delayMs: fc.integer({ min: -5, max: 40 }) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("cancel" as const), which: fc.nat() }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("advance" as const), ms: fc.integer({ min: 0, max: 20 }) }) },
  ),
  { maxLength: 60 },
);

describe("TimerQueue", () => {
  test("fires what a sorted list would: by due time, first set first, never what was cancelled", async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (all) => {
        const { clock, timers } = makeQueue();
        const fired: number[] = [];
        let model: { number: number; dueMs: number }[] = [];
        const expected: number[] = [];
        const set: Timer[] = [];
        for (const step of all) {
          if (step.kind === "set") {
            const number = set.length;
            model.push({ number, dueMs: clock.nowMs() + Math.max(0, step.delayMs) });
            set.push(timers.set(step.delayMs, () => fired.push(number)));
          } else if (step.kind === "cancel" && set.length > 0) {
            const number = step.which % set.length;
            timers.cancel(set[number]!);
            model = model.filter((entry) => entry.number !== number);
          } else if (step.kind === "advance") {
            await clock.advance(step.ms);
            model.sort((a, b) => a.dueMs - b.dueMs || a.number - b.number);
            const due = model.filter(({ dueMs }) => dueMs <= clock.nowMs());
            expected.push(...due.map(({ number }) => number));
            model = model.slice(due.length);
          }
          expect(fired).toEqual(expected);
          expect(timers.pending).toBe(model.length);
          for (const { number } of model) expect(set[number]!.pending).toBe(true);
          for (const number of fired) expect(set[number]!.pending).toBe(false);
          if (model.length > 0) expect(clock.pending).toBeGreaterThan(0);
        }
      }),
      { numRuns: 50 },
    );
  });

  test("fires timers of the same time in the order in which they were set", async () => {
    const { clock, timers } = makeQueue();
    const fired: number[] = [];
    for (let number = 0; number < 100; number++) timers.set(10, () => fired.push(number));
    await clock.advance(10);
    expect(fired).toEqual(Array.from({ length: 100 }, (_, number) => number));
  });

  test("fires a timer that was set in a timer, each at its own time", async () => {
    const { clock, timers } = makeQueue();
    const firedMs: number[] = [];
    const again = (): void => {
      firedMs.push(clock.nowMs());
      if (firedMs.length < 5) timers.set(10, again);
    };
    timers.set(10, again);
    await clock.advance(100);
    expect(firedMs).toEqual([10, 20, 30, 40, 50]);
    expect(clock.pending).toBe(0);
  });

  test("lets everything else run between timers that set each other without delay", async () => {
    const { clock, timers } = makeQueue();
    const fired: string[] = [];
    const again = (): void => {
      fired.push("again");
      if (fired.length < 10) timers.set(0, again);
    };
    timers.set(5, again);
    timers.set(5, () => setImmediate(() => fired.push("other")));
    await clock.advance(5);
    expect(fired.indexOf("other")).toBeLessThan(3);
    expect(fired.filter((name) => name === "again")).toHaveLength(9);
    expect(clock.pending).toBe(0);
  });

  test("fires the others although one throws, and tells of the error", async () => {
    const { clock, timers, errors } = makeQueue();
    const fired: string[] = [];
    timers.set(1, () => fired.push("before"));
    timers.set(1, () => {
      throw new Error("no");
    });
    timers.set(1, () => fired.push("after"));
    timers.set(2, () => fired.push("later"));
    await clock.advance(2);
    expect(fired).toEqual(["before", "after", "later"]);
    expect(errors).toEqual([new Error("no")]);
  });

  test("goes on after the one who hears of errors has thrown himself", async () => {
    const clock = new VirtualClock();
    const timers = new TimerQueue(clock, (error) => {
      throw error;
    });
    const fired: string[] = [];
    timers.set(1, () => {
      throw new Error("no");
    });
    timers.set(1, () => fired.push("after"));
    await expect(clock.advance(1)).rejects.toThrow("no");
    await clock.advance(1);
    expect(fired).toEqual(["after"]);
  });

  test("does not fire what was cancelled by an earlier timer of the same time", async () => {
    const { clock, timers } = makeQueue();
    const fired: string[] = [];
    timers.set(1, () => timers.cancel(second));
    const second = timers.set(1, () => fired.push("second"));
    await clock.advance(1);
    expect(fired).toEqual([]);
    expect(timers.pending).toBe(0);
  });

  test("sets no timer of the clock while nothing is pending, and one at most while something is", async () => {
    const { clock, timers } = makeQueue();
    expect(clock.pending).toBe(0);
    const set = [30, 10, 20].map((delayMs) => timers.set(delayMs, () => {}));
    expect(clock.pending).toBe(1);
    for (const timer of set) timers.cancel(timer);
    await clock.settle();
    expect(clock.pending).toBe(0);
    timers.set(5, () => timers.cancel(timers.set(0, () => {})));
    await clock.advance(5);
    expect(clock.pending).toBe(0);
  });

  test("forgets cancelled timers when they outnumber the pending ones, and still fires those", async () => {
    const { clock, timers } = makeQueue();
    const fired: number[] = [];
    const set = Array.from({ length: 10_000 }, (_, number) => timers.set(10_000 - number, () => fired.push(number)));
    for (const [number, timer] of set.entries()) if (number % 1_000 !== 0) timers.cancel(timer);
    expect(timers.pending).toBe(10);
    await clock.advance(10_000);
    expect(fired).toEqual([9_000, 8_000, 7_000, 6_000, 5_000, 4_000, 3_000, 2_000, 1_000, 0]);
    expect(timers.pending).toBe(0);
  });

  test("cancels once: a second time, or after it fired, changes nothing", async () => {
    const { clock, timers } = makeQueue();
    const other = timers.set(5, () => {});
    const timer = timers.set(1, () => {});
    await clock.advance(1);
    timers.cancel(timer);
    timers.cancel(timer);
    expect(timers.pending).toBe(1);
    expect(other.pending).toBe(true);
  });

  test("never fires a timer without end, and takes one that is no number as due now, so that it stops nobody", async () => {
    const { clock, timers } = makeQueue();
    const fired: string[] = [];
    const never = timers.set(Infinity, () => fired.push("never"));
    expect(clock.pending).toBe(0);
    timers.set(Number.NaN, () => fired.push("not a number"));
    timers.set(5, () => fired.push("after"));
    await clock.advance(10);
    expect(fired).toEqual(["not a number", "after"]);
    expect(timers.pending).toBe(1);
    timers.cancel(never);
    expect(timers.pending).toBe(0);
  });
});
