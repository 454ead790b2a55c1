import { AskFailedError, type Address, type Exit, describeExit } from "@orgtree/core";
import type { Asks } from "./asks.ts";
import type { Mail } from "./mail.ts";
import type { Timer, TimerQueue } from "./timer-queue.ts";

/** What an incarnation holds beside its state, and loses when it ends. Made only when something is held. */
export class Holdings {
  readonly #timers = new Map<string, Timer>();
  /** Asks that were taken up and not answered yet. */
  readonly #openAsks = new Map<number, Mail>();
  /** Messages put aside. */
  stash: Mail[] = [];
  #controller: AbortController | undefined;

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    return this.#controller.signal;
  }

  setTimer(name: string, timer: Timer, queue: TimerQueue): void {
    this.cancelTimer(name, queue);
    this.#timers.set(name, timer);
  }

  /** A timer fired: it is held no longer. */
  timerFired(name: string): void {
    this.#timers.delete(name);
  }

  cancelTimer(name: string, queue: TimerQueue): void {
    const timer = this.#timers.get(name);
    if (timer === undefined) return;
    this.#timers.delete(name);
    queue.cancel(timer);
  }

  /** The mail's question is still open at the end of its turn. */
  keepAsk(mail: Mail): void {
    this.#openAsks.set(mail.replyTo!.askId, mail);
  }

  closeAsk(askId: number): void {
    this.#openAsks.delete(askId);
  }

  /** The incarnation ends: timers go, work is aborted, askers are told that nobody knows what was done for them. */
  release(kernel: { readonly asks: Asks; readonly timers: TimerQueue }, end: { address: Address; exit: Exit }): void {
    const { asks, timers } = kernel;
    for (const timer of this.#timers.values()) timers.cancel(timer);
    this.#timers.clear();
    this.#controller?.abort(new Error(`${end.address} ended: ${describeExit(end.exit)}`));
    for (const mail of this.#openAsks.values()) asks.reject(mail.replyTo!, new AskFailedError(end.address, "unknown", `it ended (${describeExit(end.exit)})`));
    this.#openAsks.clear();
  }
}
