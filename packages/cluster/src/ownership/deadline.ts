import type { Clock } from "@orgtree/core";

/** What became of work in the time that it had. */
export type Timely<T> =
  | { readonly type: "done"; readonly value: T }
  | { readonly type: "failed"; readonly error: unknown }
  | { readonly type: "late" };

/** Waits for work as long as it may take; it is not stopped by that. */
export function inTime<T>(clock: Clock, withinMs: number, work: () => Promise<T>): Promise<Timely<T>> {
  const { promise, resolve } = Promise.withResolvers<Timely<T>>();
  const cancel = clock.setTimer(withinMs, () => resolve({ type: "late" }));
  const run = async (): Promise<void> => {
    try {
      resolve({ type: "done", value: await work() });
    } catch (error) {
      resolve({ type: "failed", error });
    }
  };
  void run();
  return promise.finally(cancel);
}
