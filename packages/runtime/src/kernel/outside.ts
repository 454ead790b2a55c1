/** Those who wait outside of the tree: with a promise in place of a mailbox. */
import { AskFailedError, type Address, type Exit } from "@orgtree/core";
import type { Incarnation } from "../actor/incarnation.ts";
import type { Mail } from "../actor/mail.ts";
import { isThenable } from "../actor/thenable.ts";
import type { Asker } from "./asks.ts";
import type { Kernel } from "./kernel.ts";

/** What the promise of an ask is settled with. */
interface Asking {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** Whoever asks from outside. What he makes of the answer is his own affair, and no actor's. */
export class OutsideAsker implements Asker {
  readonly #kernel: Kernel;
  readonly #to: Address;
  readonly #asking: Asking;
  readonly #owner: Incarnation | undefined;

  constructor(kernel: Kernel, to: Address, asking: Asking) {
    this.#kernel = kernel;
    this.#to = to;
    this.#asking = asking;
    this.#owner = kernel.owners?.getStore();
  }

  resolve(value: unknown): void {
    // It became one on its way; the promise of the ask would follow it past every deadline.
    if (isThenable(value)) return this.reject(new AskFailedError(this.#to, "unknown", "its answer is a promise"));
    if (this.#kernel.owners === undefined) this.#asking.resolve(value);
    else this.#kernel.within(this.#owner, () => this.#asking.resolve(value));
  }

  reject(error: Error): void {
    this.#kernel.within(this.#owner, () => this.#asking.reject(error));
  }
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
