import type { Clock } from "@orgtree/core";

/** Waits `delayMs` on the clock. An abort ends the wait at once, with the signal's reason, and leaves no timer behind. */
export function pause(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  if (signal?.aborted) {
    reject(signal.reason);
    return promise;
  }
  const cancel = clock.setTimer(delayMs, () => {
    signal?.removeEventListener("abort", abort);
    resolve();
  });
  signal?.addEventListener("abort", abort, { once: true });
  return promise;

  function abort(): void {
    cancel();
    reject(signal?.reason);
  }
}
