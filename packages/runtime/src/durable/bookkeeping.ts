import { dueAfter } from "./due.ts";
import { addAmounts, toFailure, type Amount } from "@orgtree/core";
import type { Effect, ReplyEffect, RunEffect } from "../actor/effect.ts";
import { isRedelivered, type Mail } from "../actor/mail.ts";
import type { Signal } from "../actor/signal.ts";
import { markTaken } from "./taken-marks.ts";
import { without, withEntry, type Books, type Pending } from "./books.ts";
import { effectKey, type EffectKey } from "./effect-key.ts";

/** What a turn changes in the books. */
export interface BookedTurn {
  readonly seq: number;
  /** What the turn took; none in the initial step. */
  readonly mail: Mail | undefined;
  /** What it has put aside before, and not taken up again. */
  readonly stash?: readonly Mail[] | undefined;
  /** By their places; undefined for what leaves nothing owing. */
  readonly effects: readonly (Effect | undefined)[];
  /** Now, milliseconds since 1970. */
  readonly epochMs: number;
  /** Messages, questions and answers that their recipients have taken since the last turn. */
  readonly acknowledged: readonly EffectKey[];
  /** What was spent since the last turn. */
  readonly spent: Amount;
}

/** The books after a turn; the same as before where nothing of them changed, which then costs no look at them. */
export function bookTurn(books: Books, turn: BookedTurn): Books {
  const taken = turn.mail === undefined ? books : bookMail(books, turn.mail, turn.stash ?? noMails);
  // A question that was taken still waits for its answer.
  const over = turn.acknowledged.filter((key) => taken.pending[key]?.kind !== "ask");
  const pending = without(taken.pending, over);
  const spent = addAmounts(taken.spent, turn.spent);
  let next: Books = pending === taken.pending && spent === taken.spent ? taken : { ...taken, pending, spent };
  for (const [at, effect] of turn.effects.entries())
    if (effect !== undefined) next = bookEffect(next, effect, { key: effectKey(turn.seq, at), epochMs: turn.epochMs });
  return next;
}

function bookMail(books: Books, mail: Mail, stash: readonly Mail[]): Books {
  const { kind, from, key, message, replyTo } = mail;
  if (kind === "signal") return bookSignal(books, message as Signal, key);
  if (kind !== "message" || key === undefined) return books;
  if (isRedelivered(mail)) return { ...books, pending: without(books.pending, [key]) };
  if (from === undefined) return books;
  const marked = markTaken(books, { from, key }, stash);
  return replyTo === undefined ? marked : { ...marked, asked: withEntry(marked.asked, String(replyTo.askId), replyTo) };
}

function bookSignal(books: Books, signal: Signal, key: EffectKey | undefined): Books {
  switch (signal.type) {
    case "orgtree.timer":
      return { ...books, timers: without(books.timers, [signal.name]) };
    case "orgtree.down":
      return { ...books, watching: without(books.watching, [signal.address]) };
    case "orgtree.reply":
    case "orgtree.ask-failed":
    case "orgtree.done":
    case "orgtree.failed":
      return key === undefined ? books : { ...books, pending: without(books.pending, [key]) };
    case "orgtree.refused":
      return books;
    default:
      return signal satisfies never;
  }
}

const noMails: readonly Mail[] = [];

interface Moment {
  readonly key: EffectKey;
  readonly epochMs: number;
}

function bookEffect(books: Books, effect: Effect, moment: Moment): Books {
  switch (effect.kind) {
    case "reply":
    case "refuse":
      return bookReply(books, effect, moment.key);
    case "run": // What is begun anew keeps its place.
      return { ...books, pending: withEntry(books.pending, effect.place, pendingOf(effect, moment.epochMs)) };
    case "ask":
    case "deliver":
      return { ...books, pending: withEntry(books.pending, moment.key, pendingOf(effect, moment.epochMs)) };
    case "timer":
      return { ...books, timers: withEntry(books.timers, effect.name, dueAfter(effect.delayMs, moment.epochMs)) };
    case "cancel-timer":
      return { ...books, timers: without(books.timers, [effect.name]) };
    case "watch":
      return { ...books, watching: withEntry(books.watching, effect.address, true) };
    case "unwatch":
      return { ...books, watching: without(books.watching, [effect.address]) };
    case "register":
      return { ...books, names: withEntry(books.names, effect.name, true) };
    case "join":
      return { ...books, groups: withEntry(books.groups, effect.group, true) };
    case "leave":
      return { ...books, groups: without(books.groups, [effect.group]) };
    case "exit":
      return { ...books, exit: effect.exit };
    default:
      return books; // Nothing that a later life would have to know.
  }
}

/** An answer to somebody outside is given or lost; one to an actor is owed until it has taken it. */
function bookReply(books: Books, effect: ReplyEffect, key: EffectKey): Books {
  const asked = without(books.asked, [String(effect.to.askId)]);
  if (effect.key === undefined) return asked === books.asked ? books : { ...books, asked };
  const answer = effect.kind === "reply" ? { value: effect.value } : { failure: toFailure(effect.error) };
  return { ...books, asked, pending: withEntry(books.pending, key, { kind: "reply", to: effect.to, answer }) };
}

function pendingOf(effect: Extract<Effect, { kind: "ask" | "deliver" | "run" }>, epochMs: number): Pending {
  switch (effect.kind) {
    case "deliver":
      return { kind: "deliver", to: effect.mail.to, message: effect.mail.message };
    case "ask": {
      const { mail, tag, askId, timeoutMs } = effect;
      const due = timeoutMs === Infinity ? undefined : dueAfter(timeoutMs, epochMs);
      return { kind: "ask", to: mail.to, message: mail.message, tag, askId, due };
    }
    case "run":
      return pendingWork(effect);
    default:
      return effect satisfies never;
  }
}

function pendingWork({ tag, declared }: RunEffect): Pending {
  if (declared === undefined) return { kind: "work", tag, name: undefined, input: undefined, does: "irreversible" };
  const { name, input, does, attempt } = declared;
  return { kind: "work", tag, name, input, does, attempt };
}
