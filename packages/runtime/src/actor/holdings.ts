import { AskFailedError, type Address, type Exit, describeExit } from "@orgtree/core";
import type { Asks } from "../kernel/asks.ts";
import type { Mail } from "./mail.ts";
import type { Signal } from "./signal.ts";
import type { Timer, TimerQueue } from "../time/timer-queue.ts";

/** What an incarnation holds beside its state, and loses when it ends. Made only when something is held. */
export class Holdings {
  readonly #timers = new Map<string, HeldTimer>();
  /** Asks that were taken up and not answered yet, as far as this incarnation knows. */
  readonly #openAsks = new Map<number, Mail>();
  /** How many of them are held before those that ended elsewhere are looked for. */
  #sweepAt = 64;
  /** Messages put aside. */
  stash: Mail[] = [];
  #controller: AbortController | undefined;

  /** Asks that are held, those included that ended elsewhere and were not looked for yet. */
  get asked(): number {
    return this.#openAsks.size;
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    return this.#controller.signal;
  }

  /** A timer that will say `signal`; one of the same name goes. */
  setTimer(signal: TimerSignal, timer: Timer, queue: TimerQueue): void {
    this.cancelTimer(signal.name, queue);
    this.#timers.set(signal.name, { signal, timer });
  }

  /** A timer's signal is taken up: false when it was cancelled, or set again, while the signal waited in the mailbox. */
  redeemTimer(signal: TimerSignal): boolean {
    if (this.#timers.get(signal.name)?.signal !== signal) return false;
    this.#timers.delete(signal.name);
    return true;
  }

  /** A timer's signal was put aside: until it is taken up again it can be cancelled. */
  keepTimer(signal: TimerSignal): void {
    this.#timers.set(signal.name, { signal, timer: undefined });
  }

  cancelTimer(name: string, queue: TimerQueue): void {
    const held = this.#timers.get(name);
    if (held === undefined) return;
    this.#timers.delete(name);
    if (held.timer !== undefined) queue.cancel(held.timer);
  }

  /** The mail's question is still open at the end of its turn. */
  keepAsk(mail: Mail, asks: Asks): void {
    this.#openAsks.set(mail.replyTo!.askId, mail);
    if (this.#openAsks.size >= this.#sweepAt) this.#sweepAsks(asks);
  }

  /** Questions that ran out of time, or that somebody else answered, say nothing when they end. */
  #sweepAsks(asks: Asks): void {
    for (const [askId, mail] of this.#openAsks) if (!asks.isOpen(mail.replyTo!)) this.#openAsks.delete(askId);
    this.#sweepAt = Math.max(64, 2 * this.#openAsks.size);
  }

  closeAsk(askId: number): void {
    this.#openAsks.delete(askId);
  }

  /** The incarnation ends: timers go, work is aborted, askers are told that nobody knows what was done for them. */
  release(kernel: { readonly asks: Asks; readonly timers: TimerQueue }, end: { address: Address; exit: Exit }): void {
    const { asks, timers } = kernel;
    for (const { timer } of this.#timers.values()) if (timer !== undefined) timers.cancel(timer);
    this.#timers.clear();
    this.#controller?.abort(new Error(`${end.address} ended: ${describeExit(end.exit)}`));
    for (const mail of this.#openAsks.values())
      asks.reject(mail.replyTo!, new AskFailedError(end.address, "unknown", `it ended (${describeExit(end.exit)})`));
    this.#openAsks.clear();
  }
}

/** What a timer of an actor's says when it is due. */
export type TimerSignal = Extract<Signal, { type: "orgtree.timer" }>;

interface HeldTimer {
  readonly signal: TimerSignal;
  /** Undefined when it has fired and its signal was put aside. */
  readonly timer: Timer | undefined;
}
