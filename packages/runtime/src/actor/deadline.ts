import type { TimerQueue } from "../time/timer-queue.ts";

/** How long something may take, in milliseconds, and what it is told and rejects with when it takes longer. */
export interface Deadline {
  readonly limitMs: number;
  readonly late: () => Error;
  /** Ends it before that; it then rejects with the signal's reason. */
  readonly signal: AbortSignal;
}

/** Does something until its deadline, or until the signal aborts: its own signal then aborts, and what it still gives back is dropped. */
export function withDeadline<T>(timers: TimerQueue, deadline: Deadline, begin: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const { limitMs, late, signal } = deadline;
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const controller = new AbortController();
  const stop = (reason: unknown): void => {
    controller.abort(reason);
    reject(reason);
  };
  const abort = (): void => stop(signal.reason);
  const timer = timers.set(limitMs, () => stop(late()));
  signal.addEventListener("abort", abort, { once: true });
  if (signal.aborted) abort();
  else begin(controller.signal).then(resolve, reject);
  return promise.finally(() => {
    timers.cancel(timer);
    signal.removeEventListener("abort", abort);
  });
}
