/**
 * How many restarts a supervisor grants within a sliding window before it gives up.
 *
 * OTP's rule in milliseconds: every *attempt* is stamped before it is made; a stamp exactly `periodMs` old still counts;
 * `maxRestarts = n` grants n attempts, the next one inside the window is refused.
 * (OTP: supervisor.erl, `add_restart/1`, in whole monotonic seconds.)
 */
export interface RestartIntensity {
  /** Attempts granted within the period. An integer, at least 0. Default 1. */
  readonly maxRestarts: number;
  /** Length of the window in milliseconds. More than 0. Default 5,000. */
  readonly periodMs: number;
}

/** OTP's default. */
export const defaultIntensity: RestartIntensity = { maxRestarts: 1, periodMs: 5_000 };

/** For rollbacks that actors ask for, which OTP has not. */
export const defaultRollbackIntensity: RestartIntensity = { maxRestarts: 10, periodMs: 60_000 };

/** What `decideRestart` found; `stamps` is the history to keep. */
export interface IntensityVerdict {
  readonly granted: boolean;
  readonly stamps: readonly number[];
}

/**
 * Decides whether one more attempt at `nowMs` (monotonic) is within the intensity.
 *
 * @example
 * decideRestart({ maxRestarts: 1, periodMs: 5_000 }, [0], 5_000).granted; // false: a stamp exactly 5 s old still counts
 */
export function decideRestart(intensity: RestartIntensity, stamps: readonly number[], nowMs: number): IntensityVerdict {
  const kept = stamps.filter((stamp) => stamp >= nowMs - intensity.periodMs);
  kept.push(nowMs);
  return { granted: kept.length <= intensity.maxRestarts, stamps: kept };
}
