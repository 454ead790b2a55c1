import type { Clock, Random } from "@orgtree/core";

/** Node's timers hold 2^31-1 ms, 24.8 days; a longer delay would fire at once, so it is waited for in pieces. */
const longestTimeoutMs = 2 ** 31 - 1;

/** Real time. */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  epochMs: () => Date.now(),
  setTimer(delayMs, due) {
    const dueMs = performance.now() + delayMs;
    let handle: NodeJS.Timeout;
    const wait = (leftMs: number): void => {
      handle = setTimeout(
        () => {
          const stillMs = dueMs - performance.now();
          if (stillMs > 0) wait(stillMs);
          else due();
        },
        Math.min(Math.ceil(leftMs), longestTimeoutMs),
      );
    };
    wait(delayMs);
    return () => clearTimeout(handle);
  },
  defer: (work) => {
    setImmediate(work);
  },
};

/** Real randomness: not for secrets. */
export const systemRandom: Random = { next: () => Math.random() };
