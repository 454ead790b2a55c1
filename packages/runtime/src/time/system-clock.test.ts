import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { systemClock, systemRandom } from "./system-clock.ts";

const dayMs = 86_400_000;

describe("systemClock", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance", "Date"] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test.each([0, 1, 1_000, dayMs, 24 * dayMs, 25 * dayMs, 60 * dayMs, 365 * dayMs])("calls once after %i ms, and not before", (delayMs) => {
    let calls = 0;
    systemClock.setTimer(delayMs, () => calls++);
    if (delayMs > 1) vi.advanceTimersByTime(delayMs - 1);
    if (delayMs > 1) expect(calls).toBe(0);
    vi.advanceTimersByTime(1);
    expect(calls).toBe(1);
    vi.advanceTimersByTime(60 * dayMs);
    expect(calls).toBe(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("cancels a long wait in any of its pieces", () => {
    let calls = 0;
    const cancel = systemClock.setTimer(60 * dayMs, () => calls++);
    vi.advanceTimersByTime(30 * dayMs);
    cancel();
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(60 * dayMs);
    expect(calls).toBe(0);
  });

  test("tells monotonic and wall time", () => {
    const [nowMs, epochMs] = [systemClock.nowMs(), systemClock.epochMs()];
    vi.advanceTimersByTime(250);
    expect(systemClock.nowMs() - nowMs).toBe(250);
    expect(systemClock.epochMs() - epochMs).toBe(250);
  });
});

describe("systemClock in real time", () => {
  test("defers work behind promises, and lets I/O in between", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const order: string[] = [];
    systemClock.defer(() => {
      order.push("deferred");
      resolve();
    });
    void Promise.resolve().then(() => order.push("promise"));
    process.nextTick(() => order.push("tick"));
    await promise;
    expect(order).toEqual(["promise", "tick", "deferred"]);
  });

  test("never calls before the time has passed", async () => {
    const startMs = systemClock.nowMs();
    const { promise, resolve } = Promise.withResolvers<number>();
    systemClock.setTimer(5, () => resolve(systemClock.nowMs()));
    expect((await promise) - startMs).toBeGreaterThanOrEqual(5);
  });
});

describe("systemRandom", () => {
  test("gives numbers from 0 up to 1, 1 excluded", () => {
    for (let round = 0; round < 1_000; round++) {
      const number = systemRandom.next();
      expect(number).toBeGreaterThanOrEqual(0);
      expect(number).toBeLessThan(1);
    }
  });
});
