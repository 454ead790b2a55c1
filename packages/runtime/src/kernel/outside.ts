/** Those who wait outside of the tree: with a promise in place of a mailbox. */
import { AskFailedError, type Address, type Exit } from "@orgtree/core";
import type { Mail } from "../actor/mail.ts";
import { isThenable } from "../actor/thenable.ts";
import type { Asker } from "./asks.ts";
import type { Kernel } from "./kernel.ts";

/** Whoever asks from outside. What he makes of the answer is his own affair, and no actor's. */
export function outsideAsker(kernel: Kernel, to: Address, asking: { resolve(value: unknown): void; reject(error: Error): void }): Asker {
  const owner = kernel.owners?.getStore();
  const reject = (error: Error): void => kernel.within(owner, () => asking.reject(error));
  return {
    resolve(value) {
      // It became one on its way; the promise of the ask would follow it past every deadline.
      if (isThenable(value)) reject(new AskFailedError(to, "unknown", "its answer is a promise"));
      else kernel.within(owner, () => asking.resolve(value));
    },
    reject,
  };
}

/** An asker that gives up when `signal` says so, and lets go of the signal when it has its answer. */
export function impatientAsker(
  kernel: Kernel,
  mail: Mail,
  { asker, signal }: { readonly asker: Asker; readonly signal: AbortSignal },
): Asker {
  const giveUp = (): void => {
    kernel.asks.drop(mail.replyTo!);
    asker.reject(signal.reason as Error);
  };
  const patient = (): void => signal.removeEventListener("abort", giveUp);
  signal.addEventListener("abort", giveUp, { once: true });
  return {
    resolve(value) {
      patient();
      return asker.resolve(value);
    },
    reject(error) {
      patient();
      return asker.reject(error);
    },
  };
}

/** Waits for the exit of the actor at `address`, until the signal says otherwise. */
export function watchUntil(
  kernel: Kernel,
  address: Address,
  waiting: { readonly signal: AbortSignal; resolve(exit: Exit): void; reject(reason: unknown): void },
): void {
  const { signal } = waiting;
  const giveUp = (): void => {
    unwatch();
    waiting.reject(signal.reason);
  };
  const unwatch = kernel.watches.addOutside(address, ({ exit }) => {
    signal.removeEventListener("abort", giveUp);
    waiting.resolve(exit);
  });
  signal.addEventListener("abort", giveUp, { once: true });
}
