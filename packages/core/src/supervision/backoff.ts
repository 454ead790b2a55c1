import type { Random } from "../ports.ts";

/**
 * How long a supervisor waits before it restarts a child: `min(maxMs, minMs · factor^n)`, plus jitter.
 *
 * OTP has none and burns its intensity at once on a child that cannot start; the formula and the reset are Pekko's
 * (`RestartSupervisorStrategy.withResetBackoffAfter`).
 */
export interface Backoff {
  /** First delay in milliseconds. At least 0. Default 100. */
  readonly minMs: number;
  /** Longest delay before jitter. At least `minMs`. Default 10,000. */
  readonly maxMs: number;
  /** Growth per failure in a row. At least 1. Default 2. */
  readonly factor: number;
  /** Up to this share is added at random: 0.2 adds 0 to 20 %. 0 to 1. Default 0.2. */
  readonly jitter: number;
  /** The count starts again when a child failed after it had been up this long. Default (minMs + maxMs) / 2, as in Pekko. */
  readonly resetAfterMs: number;
}

/** Fills in the defaults. */
export function makeBackoff(part: Partial<Backoff> = {}): Backoff {
  const minMs = part.minMs ?? 100;
  const maxMs = part.maxMs ?? Math.max(minMs, 10_000);
  return { minMs, maxMs, factor: part.factor ?? 2, jitter: part.jitter ?? 0.2, resetAfterMs: part.resetAfterMs ?? (minMs + maxMs) / 2 };
}

/** The delay in milliseconds before the attempt that follows `failuresInARow` (at least 1) failures. */
export function backoffMs(backoff: Backoff, failuresInARow: number, random: Random): number {
  // The power overflows one day, and 0 times infinity is no delay at all.
  const growth = Math.min(Number.MAX_VALUE, backoff.factor ** (failuresInARow - 1));
  const base = Math.min(backoff.maxMs, backoff.minMs * growth);
  return base * (1 + random.next() * backoff.jitter);
}
