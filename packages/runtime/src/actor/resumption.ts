/**
 * How a life goes on where one of another process was: what it held is held again, and what it had begun is carried on, or
 * is known to be lost.
 */
import { ExpectedError, type ErrorData, type FailureClass } from "@orgtree/core";
import { isLater, type Answer, type Books, type EffectKey, type Pending } from "../durable/books.ts";
import type { Incarnation } from "./incarnation.ts";
import { Mail } from "./mail.ts";
import { resumeWork } from "./named-work.ts";
import { answerAsk, deliver, openAsk, setTimer, watch } from "./perform.ts";

/** At once: timers with the time that is left, names, groups, questions that were not answered yet. */
export function resumeHoldings(life: Incarnation, books: Books): void {
  const { kernel, address } = life.cell;
  const epochMs = kernel.clock.epochMs();
  for (const [name, dueMs] of Object.entries(books.timers)) setTimer(life, name, Math.max(0, dueMs - epochMs));
  for (const name of Object.keys(books.names)) kernel.registry.register(name, address);
  for (const group of Object.keys(books.groups)) kernel.registry.join(group, address);
  for (const replyTo of Object.values(books.asked)) {
    const mail = new Mail("message", { to: address, from: replyTo.address, trace: kernel.newTrace() }, undefined);
    mail.replyTo = replyTo;
    life.holdings.keepAsk(mail, kernel.asks);
  }
}

/** When everybody of its tree is there again: what it waits for, and what it has not handed over yet, in the order of its keys. */
export function resumePending(life: Incarnation, books: Books): void {
  for (const target of Object.keys(books.watching) as (keyof Books["watching"])[]) watch(life, target);
  const pending = Object.entries(books.pending) as [EffectKey, Pending][];
  for (const [key, each] of pending.sort(([a], [b]) => (isLater(a, b) ? 1 : -1))) resume(life, key, each);
}

function resume(life: Incarnation, key: EffectKey, pending: Pending): void {
  const { kernel, address } = life.cell;
  const trace = kernel.newTrace();
  switch (pending.kind) {
    case "deliver":
      return deliver(life, numbered(new Mail("message", { to: pending.to, from: address, trace }, pending.message), key));
    case "ask": {
      const mail = numbered(new Mail("message", { to: pending.to, from: address, trace }, pending.message), key);
      const timeoutMs = pending.dueMs === undefined ? Infinity : Math.max(0, pending.dueMs - kernel.clock.epochMs());
      return openAsk(life, { mail, tag: pending.tag, askId: pending.askId, timeoutMs });
    }
    case "reply": {
      // Nobody waits: it was taken, or the time for it is over.
      if (!answerAsk(life, { to: pending.to, key, ...settled(pending.answer) })) life.cell.acknowledge(key);
      return;
    }
    case "work":
      return resumeWork(life, key, pending);
    default:
      return pending satisfies never;
  }
}

function numbered(mail: Mail, key: EffectKey): Mail {
  mail.key = key;
  return mail;
}

function settled(answer: Answer): { readonly value: unknown } | { readonly error: Error } {
  return "error" in answer ? { error: new StoredError(answer.error) } : answer;
}

/** An error that was stored: what is left of it is enough to act on. */
class StoredError extends ExpectedError {
  override readonly name: string;
  readonly retryable: boolean;
  readonly #data: ErrorData;

  constructor(data: ErrorData) {
    super(data.message);
    this.name = data.name;
    this.retryable = data.retryable;
    this.#data = data;
  }

  override get failureClass(): FailureClass {
    return "crash";
  }

  override get detail(): Readonly<Record<string, unknown>> {
    return this.#data.detail;
  }
}
