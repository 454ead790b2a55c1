import { describe, expect, test, vi } from "vitest";
import { fakeClock } from "../test-support/fake-clock.ts";
import { systemTimer, waitAtMost } from "./timer.ts";

describe("systemTimer", () => {
  test("waits longer than setTimeout can, and is cancelled on the way", () => {
    vi.useFakeTimers();
    try {
      const due = vi.fn<() => void>();
      systemTimer.setTimer(2 ** 31 + 10, due);
      const cancel = systemTimer.setTimer(2 ** 32, due);
      vi.advanceTimersByTime(2 ** 31);
      expect(due).not.toHaveBeenCalled();
      vi.advanceTimersByTime(10);
      expect(due).toHaveBeenCalledTimes(1);
      cancel();
      vi.advanceTimersByTime(2 ** 33);
      expect(due).toHaveBeenCalledTimes(1);
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe("waitAtMost", () => {
  test("ends with the promise and leaves no timer", async () => {
    const clock = fakeClock();
    await waitAtMost(clock, 10, Promise.resolve());
    expect(clock.pending).toBe(0);
  });

  test("ends with the time", async () => {
    const clock = fakeClock();
    const waiting = waitAtMost(clock, 10, new Promise(() => {}));
    clock.advance(10);
    await waiting;
  });
});
