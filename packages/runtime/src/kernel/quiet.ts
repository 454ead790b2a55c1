import { isWithin, type Address } from "@orgtree/core";
import type { Timer } from "../time/timer-queue.ts";
import type { Kernel } from "./kernel.ts";

/** Waits until nobody has mail, for `timeoutMs` at most. */
export function untilQuiet(kernel: Kernel, timeoutMs: number): Promise<void> {
  return until(kernel, isIdle, timeoutMs);
}

/** Waits until a paused subtree has nothing under way in its turns; false when it has after `timeoutMs`. */
export async function untilStill(kernel: Kernel, top: Address, timeoutMs: number): Promise<boolean> {
  const isStill = (): boolean => {
    for (const [address, { life }] of kernel.cells)
      if (life !== undefined && (life.committing || life.phase === "starting") && isWithin(address, top)) return false;
    return true;
  };
  await until(kernel, isStill, timeoutMs);
  return isStill();
}

/** Looks again soon while there are turns to take, and now and then while somebody is stuck. */
async function until(kernel: Kernel, isReached: (kernel: Kernel) => boolean, timeoutMs: number): Promise<void> {
  const { clock, dispatcher, timers } = kernel;
  const { promise, resolve } = Promise.withResolvers<void>();
  const deadline = timers.set(timeoutMs, resolve);
  let pause: Timer | undefined;
  let looks = 0;
  const look = (): void => {
    if (!deadline.pending) return;
    if (isReached(kernel)) resolve();
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
