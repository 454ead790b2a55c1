import type { Timer } from "../src/timer.ts";

/** Time that moves only when told to. */
export interface FakeClock extends Timer {
  advance(byMs: number): void;
  /** Timers that are set and not cancelled. */
  readonly pending: number;
}

/** A clock at 0. */
export function fakeClock(): FakeClock {
  let nowMs = 0;
  const timers = new Set<{ readonly atMs: number; readonly due: () => void }>();
  return {
    nowMs: () => nowMs,
    setTimer(delayMs, due) {
      const timer = { atMs: nowMs + delayMs, due };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    advance(byMs) {
      nowMs += byMs;
      for (const timer of [...timers].sort((a, b) => a.atMs - b.atMs)) {
        if (timer.atMs > nowMs || !timers.delete(timer)) continue;
        timer.due();
      }
    },
    get pending() {
      return timers.size;
    },
  };
}
