/**
 * The cycle of a turn, in two phases: computed with its effects only collected, committed, then carried out.
 *
 * Invariants
 *   T1. One turn at a time: while a commit is awaited, everything else waits in the mailbox.
 *   T2. Nothing of a turn is visible before its commit, and nothing at all of one that threw or was refused.
 *   T3. A mail that is taken ends here as processed, put aside, back in the mailbox, or as a dead letter.
 */
import { AskFailedError, describeFailure, FailureError, toFailure, type Failure } from "@orgtree/core";
import { failureIn, type Provenance } from "../durable/provenance.ts";
import { wasTaken } from "../durable/taken-marks.ts";
import type { EffectKey } from "../durable/effect-key.ts";
import type { Cause } from "../durable/turn-entry.ts";
import type { TurnRecord } from "../durable/turn-store.ts";
import type { Body, ComputeResult } from "./body.ts";
import { describeEffect, isRecorded, type DescribedEffect } from "./effect.ts";
import type { TimerSignal } from "./holdings.ts";
import type { Incarnation } from "./incarnation.ts";
import { versionOf } from "../logic-version.ts";
import { isRedelivered, type Mail } from "./mail.ts";
import type { Uncommitted } from "./pending-commit.ts";
import { performEffects } from "./perform.ts";
import { resumeReply } from "./resumption.ts";
import { RecordRequest } from "./record-request.ts";
import type { Signal } from "./signal.ts";
import { makeRecord, nextBooks } from "./turn-record.ts";

/** One turn. The caller has checked `takesMail`. */
export function takeMail(life: Incarnation, mail: Mail): void {
  const { cell, turn } = life;
  const { kernel } = cell;
  if (mail.deadlineMs !== undefined && mail.deadlineMs <= kernel.dispatcher.nowMs) return kernel.bury(mail, "expired");
  if (mail.kind === "signal" && !counts(life, mail.message as Signal)) return;
  if (mail.key !== undefined && isDuplicate(life, mail)) return answerAgain(life, mail);
  if (mail.kind === "internal" && mail.message instanceof RecordRequest) return recordSpending(life, mail, mail.message);
  const body = life.body!;
  turn.open(mail);
  let result: ComputeResult;
  try {
    if (mail.kind === "message" && body.isSupervisor !== true) cell.account?.spendTurn(cell.spendingBooks);
    result = body.compute(mail);
  } catch (error) {
    return failTurn(life, mail, toFailure(error, cell.address));
  }
  turn.close();
  // A supervisor may give up in the middle of a turn.
  if (life.phase === "ended") return leaveUnanswered(life, mail, "it ended");
  if (result === "skipped") turn.end();
  else if (turn.postponed) putAside(life, mail);
  // A supervisor commits its decisions itself; a message to it makes no record of its own.
  else if (kernel.store === undefined || body.isSupervisor === true) finishTurn(life, mail);
  else commitTurn(life, mail);
}

/** A record without a turn. */
function recordSpending(life: Incarnation, mail: Mail, request: RecordRequest): void {
  life.turn.open(mail);
  life.turn.close();
  let record: TurnRecord;
  try {
    record = makeTurnRecord(life, mail);
  } catch (error) {
    life.turn.end();
    request.failed(new FailureError(toFailure(error, life.cell.address)));
    return life.failLater(error);
  }
  life.commit(record, (failed) => {
    if (failed !== undefined) {
      request.failed(new FailureError(failed.failure));
      return uncommitted(life, mail, failed);
    }
    request.done();
    life.cell.recorded(record);
    life.turn.end();
  });
}

/** A timer that was cancelled or set again while its signal waited in the mailbox is not heard. */
function counts(life: Incarnation, signal: Signal): boolean {
  return signal.type !== "orgtree.timer" || life.holdings.redeemTimer(signal);
}

/** It was taken before: its sender did not hear of it, or sent it again after a crash. */
function isDuplicate({ cell }: Incarnation, mail: Mail): boolean {
  const { kind, from, key } = mail;
  return !isRedelivered(mail) && kind === "message" && from !== undefined && cell.books !== undefined && wasTaken(cell.books, from, key!);
}

/** The sender of a duplicate hears that it was taken; whoever asked gets the answer that was stored. */
function answerAgain({ cell }: Incarnation, mail: Mail): void {
  const { kernel, books } = cell;
  kernel.acknowledge(mail);
  if (mail.replyTo === undefined) return;
  for (const [key, pending] of Object.entries(books?.pending ?? {}))
    if (pending.kind === "reply" && pending.to.askId === mail.replyTo.askId) resumeReply(cell, key as EffectKey, pending);
}

function commitTurn(life: Incarnation, mail: Mail): void {
  let record: TurnRecord;
  try {
    record = makeTurnRecord(life, mail);
  } catch (error) {
    // What is written down of a turn is the user's: reading it may throw, and fails the turn like any other throw.
    return failTurn(life, mail, toFailure(error, life.cell.address));
  }
  life.commit(record, (failed) => {
    if (failed !== undefined) return uncommitted(life, mail, failed);
    life.cell.recorded(record);
    finishTurn(life, mail);
    if (mail.key !== undefined) life.cell.kernel.acknowledge(mail);
  });
}

/** The turn is committed: the state counts, the effects happen. */
function finishTurn(life: Incarnation, mail: Mail): void {
  const body = life.body!;
  // The number of a turn that was stored, or was to be, is used up already.
  if (body.isSupervisor !== true && life.cell.kernel.store === undefined) life.cell.seq++;
  body.install();
  carryOut(life, mail);
  if (life.phase !== "suspended") life.turn.end();
}

/** Carries out what the turn, or the initial step, collected. */
export function carryOut(life: Incarnation, mail?: Mail): void {
  const { turn } = life;
  const undone = turn.effects.length > 0 ? performEffects(life, turn.takeEffects()) : undefined;
  if (life.phase === "ended") return;
  if (mail?.replyTo !== undefined) {
    const { asks } = life.cell.kernel;
    if (asks.isOpen(mail.replyTo)) life.holdings.keepAsk(mail, asks);
  }
  life.afterEffects(undone);
}

/**
 * The turn threw: nothing of it happened, and its message is a dead letter. Where somebody would send it again, or tell it
 * again after a crash, that it was taken is stored first.
 */
function failTurn(life: Incarnation, mail: Mail, failure: Failure): void {
  const record = mail.key === undefined || life.phase === "ended" ? undefined : makePoisonRecord(life, mail, failure);
  if (record === undefined) return failNow(life, mail, failure);
  life.commit(record, (failed) => {
    if (failed !== undefined && failed.kind !== "failed") return uncommitted(life, mail, failed);
    if (failed === undefined) {
      life.cell.recorded(record);
      life.cell.kernel.acknowledge(mail);
    }
    failNow(life, mail, failure);
  });
}

function makePoisonRecord(life: Incarnation, mail: Mail, failure: Failure): TurnRecord | undefined {
  const { kernel, address } = life.cell;
  if (kernel.store === undefined || life.body!.isSupervisor === true) return undefined;
  forgetTurn(life);
  try {
    return makeTurnRecord(life, mail, [{ kind: "dead-letter", detail: { reason: "failed", failure } }]);
  } catch (error) {
    kernel.logger.warn({ err: error, address }, "that a message failed could not be stored");
    return undefined;
  }
}

function failNow(life: Incarnation, mail: Mail, failure: Failure): void {
  const { kernel, address } = life.cell;
  // Whoever asked is told why, before the dead letter could only say that it failed.
  if (mail.replyTo !== undefined)
    kernel.asks.reject(mail.replyTo, new AskFailedError(address, "not-done", `it failed (${describeFailure(failure)})`));
  kernel.bury(mail, "failed");
  if (life.phase === "ended") return;
  forgetTurn(life);
  life.fail(failure);
}

function putAside(life: Incarnation, mail: Mail): void {
  const { turn, holdings, cell } = life;
  forgetTurn(life);
  turn.end();
  if (mail.kind === "message") cell.account?.returnTurn(cell.spendingBooks);
  if (mail.kind === "signal" && (mail.message as Signal).type === "orgtree.timer") holdings.keepTimer(mail.message as TimerSignal);
  holdings.stash.push(mail);
}

/** The turn did not happen, or nobody knows whether it did. */
function uncommitted(life: Incarnation, mail: Mail, { kind, failure }: Uncommitted): void {
  if (kind === "failed" && !life.cell.kernel.leaving)
    return mail.kind === "signal" && !saidAgain.has(mail) ? failBeforeSignal(life, mail, failure) : failTurn(life, mail, failure);
  if (kind === "unknown") loseMail(life, mail);
  else life.cell.mailbox.putBack([mail]);
  forgetTurn(life);
  life.turn.end();
  life.end({ kind: "failure", failure });
}

/** Signals that a store did not take once: what it can never take must not come for ever. */
const saidAgain = new WeakSet<Mail>();

/**
 * What was due could not be stored as taken, and nobody would say it again: who goes on from the state before hears it then, once more, and
 * whoever lives there next from the books.
 */
function failBeforeSignal(life: Incarnation, mail: Mail, failure: Failure): void {
  saidAgain.add(mail);
  const signal = mail.message as Signal;
  if (signal.type === "orgtree.timer") life.holdings.keepTimer(signal);
  life.cell.mailbox.putBack([mail]);
  forgetTurn(life);
  life.fail(failure);
}

function forgetTurn(life: Incarnation): void {
  life.turn.forget();
  life.body!.discard();
}

/** The mail of a turn whose commit nobody waits for any more: whether that turn happened, nobody here knows. */
export function loseMail(life: Incarnation, mail: Mail): void {
  leaveUnanswered(life, mail, "it ended while its turn was being committed");
  life.cell.kernel.bury(mail, "failed");
}

function leaveUnanswered(life: Incarnation, mail: Mail, why: string): void {
  const { kernel, address } = life.cell;
  if (mail.replyTo !== undefined) kernel.asks.reject(mail.replyTo, new AskFailedError(address, "unknown", why));
}

/** The turn as it is stored; throws what cannot be. Its own effects are all that it has, or what is told in their place. */
export function makeTurnRecord(life: Incarnation, mail: Mail | undefined, more: readonly DescribedEffect[] = []): TurnRecord {
  const { body, turn, cell } = life;
  const { effects, epochMs } = turn;
  const stash = life.stashed === 0 ? undefined : life.holdings.stash;
  const record = makeRecord(life, {
    cause: mail === undefined ? initialStep : causeOf(mail, body!),
    atMs: epochMs,
    effects: [...effects.map((effect) => (isRecorded(effect) ? describeEffect(effect) : undefined)), ...more],
    state: body!.state(),
    books: nextBooks(cell, { mail, stash, effects, epochMs, isFirst: mail === undefined }),
    isFresh: mail === undefined || life.isMigrated,
    logic: versionOf(cell.spec.logic),
    mark: effects.findLast((effect) => effect.kind === "checkpoint")?.name,
  });
  cell.kernel.store!.prepare(record);
  return record;
}

const initialStep: Cause = { kind: "init", key: undefined, type: "init", from: undefined, message: undefined };

/** What a turn's record names as its cause: the type of the message, where it has one. */
function causeOf(mail: Mail, body: Body): Cause {
  const { kind, key, from, message } = mail;
  // The body has not seen it, and what it saw before is not the cause.
  if (message instanceof RecordRequest) return { kind, key, type: message.event.type, from, message: message.event };
  if (kind === "internal" && (message as { kind?: unknown }).kind === "run")
    return { kind, key, type: "orgtree.work-undone", from, message: undefined };
  const event = kind === "internal" ? (body.took ?? (message as { event?: unknown }).event) : message;
  const type = typeof event === "object" && event !== null ? (event as { type?: unknown }).type : undefined;
  // What a child looks like is no data, and is in the next state anyhow.
  const isLook = kind === "internal" && typeof type === "string" && type.startsWith("xstate.snapshot.");
  return {
    kind,
    key,
    type: typeof type === "string" ? type : kind,
    from,
    message: isLook ? { type } : event,
    via: provenanceOf(mail, { event, body }),
  };
}

function provenanceOf({ kind, replyTo }: Mail, { event, body }: { readonly event: unknown; readonly body: Body }): Provenance | undefined {
  const failure = failureIn(event);
  if (kind === "message") return replyTo === undefined ? undefined : { askId: replyTo.askId };
  if (failure === undefined && (kind === "signal" || body.via === undefined)) return undefined;
  return { ...(kind === "internal" ? body.via : {}), ...(failure === undefined ? {} : { failure }) };
}
