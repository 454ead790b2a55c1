import { AskTimeoutError, type Address, type Random, type ReplyTo } from "@orgtree/core";
import type { Mail, Trace } from "../actor/mail.ts";
import type { EffectKey } from "../durable/effect-key.ts";
import { QueueTimer, type TimerQueue } from "../time/timer-queue.ts";

/**
 * Who waits for an answer: a promise outside the tree, or an actor's incarnation inside. Gives back false when it is gone
 * and the answer was lost.
 */
export interface Asker {
  resolve(value: unknown, by?: Answerer): boolean | void;
  reject(error: Error, by?: Answerer): boolean | void;
}

/** How a question ends. */
export type Outcome = { readonly value: unknown } | { readonly error: Error };

/** Who gave an answer that is owed until it is taken, and under which key. */
export interface Answerer {
  readonly address: Address;
  readonly key: EffectKey | undefined;
}

/** One that is given for the first time, and the trace it belongs to: where nobody takes it, it is lost like any other message. */
export interface Giver extends Answerer {
  readonly trace?: Trace;
}

/** A question that has no answer yet, and the timer that ends it. */
class Question extends QueueTimer {
  readonly #asks: Asks;
  readonly askId: number;
  readonly to: Address;
  readonly timeoutMs: number;
  /** None when it is over: a queue may still hold it, and nobody shall keep the answer. */
  asker: Asker | undefined;

  constructor(asks: Asks, askId: number, { to, timeoutMs, asker }: { to: Address; timeoutMs: number; asker: Asker }) {
    super();
    this.#asks = asks;
    this.askId = askId;
    this.to = to;
    this.timeoutMs = timeoutMs;
    this.asker = asker;
  }

  fire(): void {
    this.#asks.expire(this);
  }
}

/** The questions that have no answer yet. Each ends exactly once: answered, refused, or out of time. */
export class Asks {
  readonly #timers: TimerQueue;
  readonly #open = new Map<number, Question>();
  readonly #random: Random;
  #count = 0;

  constructor(timers: TimerQueue, random: Random) {
    this.#timers = timers;
    this.#random = random;
  }

  /** Questions without an answer. */
  get size(): number {
    return this.#open.size;
  }

  /** Makes the mail a question that ends after `timeoutMs` at the latest. */
  open(asker: Asker, mail: Mail, { timeoutMs, askId = this.newId() }: { readonly timeoutMs: number; readonly askId?: number }): ReplyTo {
    const question = new Question(this, askId, { to: mail.to, timeoutMs, asker });
    this.#open.set(askId, question);
    if (timeoutMs !== Infinity) {
      this.#timers.start(question, timeoutMs);
      mail.deadlineMs = question.dueMs;
    }
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
  resolve({ askId }: ReplyTo, value: unknown, by?: Answerer): boolean {
    const asker = this.#close(askId);
    return asker !== undefined && asker.resolve(value, by) !== false;
  }

  /** Refuses; false when nobody waits any more. */
  reject({ askId }: ReplyTo, error: Error, by?: Answerer): boolean {
    const asker = this.#close(askId);
    return asker !== undefined && asker.reject(error, by) !== false;
  }

  /** Answers or refuses; false when nobody waits any more. */
  settle(replyTo: ReplyTo, outcome: Outcome, by: Answerer): boolean {
    return "error" in outcome ? this.reject(replyTo, outcome.error, by) : this.resolve(replyTo, outcome.value, by);
  }

  /** True while somebody waits for the answer. */
  isOpen({ askId }: ReplyTo): boolean {
    return this.#open.has(askId);
  }

  /** The asker does not care any more. */
  drop({ askId }: ReplyTo): void {
    this.#close(askId);
  }

  /** The time for the answer is over. */
  expire({ askId, to, timeoutMs }: Question): void {
    this.#close(askId)?.reject(new AskTimeoutError(to, timeoutMs));
  }

  #close(askId: number): Asker | undefined {
    const question = this.#open.get(askId);
    if (question === undefined) return undefined;
    this.#open.delete(askId);
    this.#timers.cancel(question);
    const { asker } = question;
    question.asker = undefined;
    return asker;
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
