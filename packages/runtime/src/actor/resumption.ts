/**
 * How a life goes on where one of another process was: what it held is held again, and what it had begun is carried on, or
 * is known to be lost.
 */
import type { Address } from "@orgtree/core";
import type { Answer, Books, Pending } from "../durable/books.ts";
import { leftMs } from "../durable/due.ts";
import { isLater, type EffectKey } from "../durable/effect-key.ts";
import { settled } from "../durable/stored-answer.ts";
import type { Cell } from "./cell.ts";
import type { Incarnation } from "./incarnation.ts";
import { Mail, redeliver } from "./mail.ts";
import { resumeWork } from "./named-work.ts";
import { openAsk, setTimer, tellLife, watch } from "./perform.ts";

/** At once: timers with the time that is left, names, groups, questions that were not answered yet. */
export function resumeHoldings(life: Incarnation, books: Books): void {
  const { kernel, address } = life.cell;
  const epochMs = kernel.clock.epochMs();
  for (const [name, due] of Object.entries(books.timers)) setTimer(life, name, leftMs(due, epochMs));
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
  for (const [key, each] of inOrder(books)) resume(life, key, each);
}

/** What an actor owes to some of those elsewhere, and asks them, once more: nobody knows what of it arrived. Who has taken it knows it again. */
export function resumeToward({ kernel, address, life, books }: Cell, isTo: (recipient: Address) => boolean): void {
  if (life === undefined || books === undefined) return;
  for (const [key, pending] of inOrder(books)) {
    if (pending.kind === "deliver" && isTo(pending.to)) resume(life, key, pending);
    else if (pending.kind === "reply" && pending.to.address !== undefined && isTo(pending.to.address)) resume(life, key, pending);
    else if (pending.kind === "ask" && isTo(pending.to) && kernel.asks.isOpen({ address, askId: pending.askId })) {
      const mail = numbered(new Mail("message", { to: pending.to, from: address, trace: kernel.newTrace() }, pending.message), key);
      mail.replyTo = { address, askId: pending.askId };
      if (pending.due !== undefined) mail.deadlineMs = kernel.clock.nowMs() + leftMs(pending.due, kernel.clock.epochMs());
      kernel.send(mail);
    }
  }
}

function inOrder({ pending }: Books): readonly (readonly [EffectKey, Pending])[] {
  return (Object.entries(pending) as [EffectKey, Pending][]).sort(([a], [b]) => (isLater(a, b) ? 1 : -1));
}

function resume(life: Incarnation, key: EffectKey, pending: Pending): void {
  const { kernel, address } = life.cell;
  const trace = kernel.newTrace();
  switch (pending.kind) {
    case "deliver":
      return kernel.send(numbered(new Mail("message", { to: pending.to, from: address, trace }, pending.message), key));
    case "again":
      return kernel.send(redeliver(new Mail("message", { to: address, from: pending.from, trace }, pending.message), key));
    case "ask": {
      if (pending.result !== undefined) return tellResult(life, key, { tag: pending.tag, result: pending.result });
      const mail = numbered(new Mail("message", { to: pending.to, from: address, trace }, pending.message), key);
      const timeoutMs = pending.due === undefined ? Infinity : leftMs(pending.due, kernel.clock.epochMs());
      return openAsk(life, { mail, tag: pending.tag, askId: pending.askId, timeoutMs });
    }
    case "reply":
      return resumeReply(life.cell, key, pending);
    case "work":
      return resumeWork(life, key, pending);
    default:
      return pending satisfies never;
  }
}

/** Gives an answer that is owed. Where it comes too late it was taken before, or the time for it is over. */
export function resumeReply({ kernel, address }: Cell, key: EffectKey, { to, answer }: Extract<Pending, { kind: "reply" }>): void {
  kernel.answer(to, settled(answer), { address, key });
}

function numbered(mail: Mail, key: EffectKey): Mail {
  mail.key = key;
  return mail;
}

/** The answer to a question that came before a rollback. */
function tellResult(life: Incarnation, key: EffectKey, { tag, result }: { readonly tag: string; readonly result: Answer }): void {
  const about = { trace: life.cell.kernel.newTrace(), key };
  const outcome = settled(result);
  if ("error" in outcome) tellLife(life, { type: "orgtree.ask-failed", tag, error: outcome.error }, about);
  else tellLife(life, { type: "orgtree.reply", tag, value: outcome.value }, about);
}
