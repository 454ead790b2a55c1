import { AskTimeoutError, type Address, type Random, type ReplyTo } from "@orgtree/core";
import type { Mail } from "../actor/mail.ts";
import type { EffectKey } from "../durable/books.ts";
import { systemRandom } from "../time/system-clock.ts";
import type { Timer, TimerQueue } from "../time/timer-queue.ts";

/**
 * Who waits for an answer: a promise outside the tree, or an actor's incarnation inside. Gives back false when it is gone
 * and the answer was lost.
 */
export interface Asker {
  resolve(value: unknown, by?: Answerer): boolean | void;
  reject(error: Error, by?: Answerer): boolean | void;
}

/** Who gave an answer that is owed until it is taken, and under which key. */
export interface Answerer {
  readonly address: Address;
  readonly key: EffectKey | undefined;
}

interface Open {
  readonly asker: Asker;
  readonly timer: Timer | undefined;
}

/** The questions that have no answer yet. Each ends exactly once: answered, refused, or out of time. */
export class Asks {
  readonly #timers: TimerQueue;
  readonly #open = new Map<number, Open>();
  readonly #random: Random;
  #count = 0;

  constructor(timers: TimerQueue, random: Random = systemRandom) {
    this.#timers = timers;
    this.#random = random;
  }

  /** Questions without an answer. */
  get size(): number {
    return this.#open.size;
  }

  /** Makes the mail a question that ends after `timeoutMs` at the latest. */
  open(asker: Asker, mail: Mail, { timeoutMs, askId = this.newId() }: { readonly timeoutMs: number; readonly askId?: number }): ReplyTo {
    const timer = timeoutMs === Infinity ? undefined : this.#timers.set(timeoutMs, () => this.#expire(askId, mail.to, timeoutMs));
    this.#open.set(askId, { asker, timer });
    if (timer !== undefined) mail.deadlineMs = timer.dueMs;
    mail.replyTo = { address: mail.from, askId };
    return mail.replyTo;
  }

  /** Not to be guessed: who knows an id may answer, and only whoever was asked, or was handed the question, is to know it. */
  newId(): number {
    const secret = Math.floor(this.#random.next() * 2 ** 31) * 2 ** 22;
    let id: number;
    // The count makes them differ, the secret makes them unknown.
    do id = secret + (this.#count++ % 2 ** 22);
    while (this.#open.has(id));
    return id;
  }

  /** Answers; false when nobody waits any more. */
  resolve(replyTo: ReplyTo, value: unknown, by?: Answerer): boolean {
    const open = this.#close(replyTo.askId);
    return open !== undefined && open.asker.resolve(value, by) !== false;
  }

  /** Refuses; false when nobody waits any more. */
  reject(replyTo: ReplyTo, error: Error, by?: Answerer): boolean {
    const open = this.#close(replyTo.askId);
    return open !== undefined && open.asker.reject(error, by) !== false;
  }

  /** True while somebody waits for the answer. */
  isOpen(replyTo: ReplyTo): boolean {
    return this.#open.has(replyTo.askId);
  }

  /** The asker does not care any more. */
  drop(replyTo: ReplyTo): void {
    this.#close(replyTo.askId);
  }

  #expire(askId: number, to: Address, timeoutMs: number): void {
    this.#close(askId)?.asker.reject(new AskTimeoutError(to, timeoutMs));
  }

  #close(askId: number): Open | undefined {
    const open = this.#open.get(askId);
    if (open === undefined) return undefined;
    this.#open.delete(askId);
    if (open.timer !== undefined) this.#timers.cancel(open.timer);
    return open;
  }
}

const answerers = new WeakMap<object, Answerer>();

/** Notes on the signal of an answer to whom it has to be acknowledged. */
export function answered<S extends object>(signal: S, by: Answerer | undefined): S {
  if (by?.key !== undefined) answerers.set(signal, by);
  return signal;
}

/** To whom the answer in a signal has to be acknowledged. */
export function answererOf(signal: object): Answerer | undefined {
  return answerers.get(signal);
}
