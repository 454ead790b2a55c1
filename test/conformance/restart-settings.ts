/** An intensity that is not used up here. */
export const wide = { maxRestarts: 100, periodMs: 1_000_000 };

/** 100 ms before the first attempt, twice as much before each next one; anew after 500 ms without a failure. */
export const backoff = { minMs: 100, maxMs: 1_000, factor: 2, jitter: 0, resetAfterMs: 500 };
