import type { Clock } from "@orgtree/core";

/** Time that moves only when a test moves it. */
export interface FakeClock extends Clock {
  /** Timers that are set and neither due nor cancelled. */
  readonly pending: number;
  /** Moves the time on; what falls due is called in order, each at its own time. */
  advance(ms: number): void;
  /** Resolves once a timer with exactly this delay is set. A barrier: a test that waits for it knows where the code stands. */
  timerOf(delayMs: number): Promise<void>;
}

/** Starts at 0, at the given time of day. */
export function makeFakeClock(epochStartMs = Date.UTC(2026, 0, 1)): FakeClock {
  let nowMs = 0;
  const timers = new Set<{ readonly dueMs: number; readonly delayMs: number; readonly due: () => void }>();
  const barriers = new Map<number, PromiseWithResolvers<void>>();
  return {
    nowMs: () => nowMs,
    epochMs: () => epochStartMs + nowMs,
    setTimer(delayMs, due) {
      const timer = { dueMs: nowMs + delayMs, delayMs, due };
      timers.add(timer);
      barriers.get(delayMs)?.resolve();
      barriers.delete(delayMs);
      return () => timers.delete(timer);
    },
    defer: (work) => void setImmediate(work),
    get pending() {
      return timers.size;
    },
    advance(ms) {
      const untilMs = nowMs + ms;
      for (let next = earliest(); next && next.dueMs <= untilMs; next = earliest()) {
        timers.delete(next);
        nowMs = next.dueMs;
        next.due();
      }
      nowMs = untilMs;
    },
    timerOf(delayMs) {
      if ([...timers].some((timer) => timer.delayMs === delayMs)) return Promise.resolve();
      const barrier = barriers.get(delayMs) ?? Promise.withResolvers<void>();
      barriers.set(delayMs, barrier);
      return barrier.promise;
    },
  };

  function earliest() {
    return [...timers].sort((a, b) => a.dueMs - b.dueMs)[0];
  }
}
