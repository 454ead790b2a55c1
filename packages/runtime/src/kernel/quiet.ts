import type { Timer } from "../time/timer-queue.ts";
import type { Kernel } from "./kernel.ts";

/**
 * Waits until nobody has mail, for `timeoutMs` at most. Looks again soon while there are turns to take, and now and then while
 * somebody is stuck.
 */
export async function untilQuiet(kernel: Kernel, timeoutMs: number): Promise<void> {
  const { clock, dispatcher, timers } = kernel;
  const { promise, resolve } = Promise.withResolvers<void>();
  const deadline = timers.set(timeoutMs, resolve);
  let pause: Timer | undefined;
  let looks = 0;
  const look = (): void => {
    if (!deadline.pending) return;
    if (isIdle(kernel)) resolve();
    else if (!dispatcher.idle || ++looks < 1_000) clock.defer(look);
    else pause = timers.set(10, look);
  };
  look();
  await promise;
  timers.cancel(deadline);
  if (pause !== undefined) timers.cancel(pause);
}

function isIdle({ dispatcher, cells }: Kernel): boolean {
  if (!dispatcher.idle) return false;
  for (const { mailbox, life } of cells.values()) if (mailbox.size > 0 || life?.committing === true) return false;
  return true;
}
