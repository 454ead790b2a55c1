import type { Clock } from "@orgtree/core";

/** The part of core's `Clock` that deadlines need, so that a whole `Clock` fits. */
export type Timer = Pick<Clock, "nowMs" | "setTimer">;

/** `setTimeout` fires at once when asked for more. */
const longestStepMs = 2 ** 31 - 1;

/** Real time: the default wherever this package waits. Tests and the simulator pass their own clock instead. */
export const systemTimer: Timer = {
  nowMs: () => performance.now(),
  setTimer: (delayMs, due) => {
    let handle: NodeJS.Timeout | undefined;
    const arm = (leftMs: number): void => {
      const stepMs = Math.min(leftMs, longestStepMs);
      handle = setTimeout(() => (leftMs > stepMs ? arm(leftMs - stepMs) : due()), stepMs);
    };
    arm(delayMs);
    return () => clearTimeout(handle);
  },
};

/** Waits for `promise`, which must not reject, but not longer than `delayMs`. Leaves no timer behind. */
export function waitAtMost(timer: Timer, delayMs: number, promise: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const cancel = timer.setTimer(delayMs, resolve);
    void promise.then(() => {
      cancel();
      resolve();
    });
  });
}
