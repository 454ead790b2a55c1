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

const pool = new Uint32Array(512);
let left = 0;

/** Real randomness, which nobody can foretell from the numbers before: the ids of questions are made of it. */
export const systemRandom: Random = {
  next() {
    if (left === 0) {
      crypto.getRandomValues(pool);
      left = pool.length;
    }
    left -= 2;
    return ((pool[left]! >>> 5) * 2 ** 26 + (pool[left + 1]! >>> 6)) / 2 ** 53;
  },
};
