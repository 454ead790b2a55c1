/**
 * Incarnation: one life of the actor at an address, from its initial step to its exit. State, timers, names and open work
 * are its own and end with it.
 *
 * Invariants
 *   I1. One turn at a time: while a commit is awaited, everything else waits in the mailbox.
 *   I2. Nothing of a turn is visible before its commit, and nothing at all of one that threw or was refused.
 *   I3. What comes in after the end is dropped: results, commits, timers, answers to its asks.
 *   I4. It ends exactly once, and its cell hears of it exactly once.
 *   I5. Whatever a turn causes belongs to the trace of its message: what it sends, and what comes back of that later.
 */
import {
  AskFailedError,
  describeFailure,
  killedExit,
  mayResume,
  toFailure,
  type Exit,
  type Failure,
  type ReplyTo,
  type TurnRecord,
} from "@orgtree/core";
import type { BeginResult, Body } from "./body.ts";
import type { Cell } from "./cell.ts";
import { describeEffect, type Effect } from "./effect.ts";
import { Holdings, type TimerSignal } from "./holdings.ts";
import { IncarnationTurn } from "./incarnation-turn.ts";
import type { Mail } from "./mail.ts";
import { abandonEffects, performEffects, performManaged, type Undone } from "./perform.ts";
import type { Signal } from "./signal.ts";
import type { Timer } from "../time/timer-queue.ts";
import type { Turn } from "./turn.ts";

/** Where an incarnation stands; `suspended` failed and waits for a directive. */
export type Phase = "starting" | "running" | "suspended" | "stopping" | "ended";

/** One life of an actor; see the head of this file. */
export class Incarnation {
  readonly cell: Cell;
  readonly number: number;
  readonly turn: Turn;
  body: Body | undefined;
  phase: Phase = "starting";
  turnOpen = false;
  /** The mail whose turn it is, from its computation to the end of its effects, those of a resumed turn included. */
  current: Mail | undefined;
  effects: Effect[] = [];
  postponed = false;
  exitWanted: Exit | undefined;
  startInfo: unknown;
  committing = false;
  #holdings: Holdings | undefined;
  /** An ordered stop that waits for the end of a commit. */
  #stopWanted: Exit | undefined;
  /** Kills what does not start or stop in time. */
  #deadline: Timer | undefined;
  /** What a failed turn left undone, for `resume`. */
  #pending: readonly Effect[] = [];
  #failure: Failure | undefined;
  /** The trace of the initial step, which has no mail. */
  #startTrace: string | undefined;

  constructor(cell: Cell, number: number) {
    this.cell = cell;
    this.number = number;
    this.turn = new IncarnationTurn(this);
  }

  get takesMail(): boolean {
    return this.phase === "running" && !this.committing;
  }

  get holdings(): Holdings {
    this.#holdings ??= new Holdings();
    return this.#holdings;
  }

  /** Messages put aside by `postpone`. */
  get stashed(): number {
    return this.#holdings?.stash.length ?? 0;
  }

  /** The trace of the turn that is being computed or carried out; a new one outside of any. */
  trace(): string {
    const isOutside = this.committing || this.phase === "suspended";
    const own = isOutside ? undefined : (this.current?.trace ?? this.#startTrace);
    return own ?? this.cell.kernel.newTrace();
  }

  /** The key of the effect that is collected next, by which the turn's record knows it. */
  nextKey(): string {
    return `${this.cell.address}#${this.cell.seq}.${this.effects.length}`;
  }

  // Start

  /** The initial step. The cell hears how it ended, perhaps at once. */
  begin(): void {
    const { kernel, spec } = this.cell;
    let begun: BeginResult | Promise<BeginResult>;
    this.#startTrace = kernel.newTrace();
    try {
      this.body = kernel.makeBody(this, spec.logic);
      this.turnOpen = true;
      begun = this.body.begin(spec.input);
    } catch (error) {
      return this.#throwAtStart(error);
    }
    if (!(begun instanceof Promise)) return this.#begun(begun);
    this.#limitStart();
    begun.then(
      (result) => this.phase === "starting" && this.#begun(result),
      (error: unknown) => this.phase === "starting" && this.#throwAtStart(error),
    );
  }

  #begun(result: BeginResult): void {
    this.turnOpen = false;
    this.postponed = false; // There was no message to put aside.
    if (result === "ignore") return this.end({ kind: "shutdown" }, "ignored");
    if (this.cell.kernel.commit === undefined || this.body!.ownTurns === true) return this.#up();
    let record: TurnRecord;
    try {
      record = this.#record("init");
    } catch (error) {
      return this.#throwAtStart(error);
    }
    this.#limitStart();
    this.#commit(record, () => this.#up());
  }

  #up(): void {
    this.#cancelDeadline();
    this.body!.install();
    if (this.body!.ownTurns !== true) this.cell.seq++;
    this.phase = "running";
    this.cell.started(this.startInfo);
    if (this.phase !== "running") return;
    this.#dispatch();
    this.#startTrace = undefined;
    this.cell.wake();
  }

  #throwAtStart(error: unknown): void {
    this.turnOpen = false;
    this.body?.discard();
    this.effects = [];
    this.end({ kind: "failure", failure: toFailure(error, this.cell.address) });
  }

  #limitStart(): void {
    const { startMs } = this.cell.spec;
    if (startMs === "infinity") return;
    const message = `it did not start within ${startMs} ms (startMs)`;
    const failure: Failure = { class: "timeout", kind: "start", name: "StartTimeout", message, address: this.cell.address };
    this.#deadline ??= this.cell.kernel.timers.set(startMs, () => this.end({ kind: "failure", failure }));
  }

  // Turns

  /** One turn. The caller has checked `takesMail`. */
  take(mail: Mail): void {
    const { cell } = this;
    if (mail.deadlineMs !== Infinity && mail.deadlineMs <= cell.kernel.dispatcher.nowMs) return cell.kernel.bury(mail, "expired");
    if (mail.kind === "signal" && !this.#counts(mail.message as Signal)) return;
    this.current = mail;
    this.turnOpen = true;
    let skipped: boolean;
    try {
      if (mail.kind === "message" && cell.account !== undefined && this.body!.ownTurns !== true) cell.account.spendTurn();
      skipped = this.body!.compute(mail) === "skipped";
    } catch (error) {
      this.#throwInTurn(toFailure(error, cell.address), mail);
      return;
    }
    this.turnOpen = false;
    // A supervisor may give up in the middle of a turn.
    if (this.phase === "ended") return this.#leaveUnanswered(mail, "it ended");
    if (skipped) this.current = undefined;
    else if (this.postponed) this.#putAside(mail);
    else if (cell.kernel.commit === undefined) this.#finish(mail);
    else if (this.body!.ownTurns === true) this.#finishOwn(mail);
    else this.#commitTurn(mail);
  }

  /** What is written down of a turn is the user's: reading it may throw, and fails the turn like any other throw. */
  #commitTurn(mail: Mail): void {
    let record: TurnRecord;
    try {
      record = this.#record(causeOf(mail));
    } catch (error) {
      return this.#throwInTurn(toFailure(error, this.cell.address), mail);
    }
    this.#commit(record, () => this.#finish(mail));
  }

  /** A timer that was cancelled or set again while its signal waited in the mailbox is not heard. */
  #counts(signal: Signal): boolean {
    return signal.type !== "orgtree.timer" || this.holdings.redeemTimer(signal);
  }

  #throwInTurn(failure: Failure, mail: Mail): void {
    const { kernel, address } = this.cell;
    // Whoever asked is told why, before the dead letter could only say that it failed.
    if (mail.replyTo !== undefined)
      kernel.asks.reject(mail.replyTo, new AskFailedError(address, "not-done", `it failed (${describeFailure(failure)})`));
    kernel.bury(mail, "failed");
    if (this.phase === "ended") return;
    this.#forgetTurn();
    this.fail(failure);
  }

  #putAside(mail: Mail): void {
    this.#forgetTurn();
    this.current = undefined;
    if (mail.kind === "signal" && (mail.message as Signal).type === "orgtree.timer") this.holdings.keepTimer(mail.message as TimerSignal);
    this.holdings.stash.push(mail);
  }

  #forgetTurn(): void {
    this.turnOpen = false;
    this.postponed = false;
    this.effects = [];
    this.body!.discard();
  }

  /** The turn is committed: the state counts, the effects happen. */
  #finish(mail: Mail): void {
    this.cell.seq++;
    this.body!.install();
    this.#dispatch(mail);
    if (this.phase !== "suspended") this.current = undefined;
  }

  /** A supervisor commits its decisions itself; a message to it makes no record of its own. */
  #finishOwn(mail: Mail): void {
    this.#dispatch(mail);
    this.current = undefined;
  }

  #dispatch(mail?: Mail): void {
    const undone = this.effects.length > 0 ? performEffects(this, this.#takeEffects()) : undefined;
    if (this.phase === "ended") return;
    if (mail?.replyTo !== undefined) this.#keepAsk(mail, mail.replyTo);
    this.#afterEffects(undone);
  }

  #keepAsk(mail: Mail, replyTo: ReplyTo): void {
    const { asks } = this.cell.kernel;
    if (asks.isOpen(replyTo)) this.holdings.keepAsk(mail, asks);
  }

  #afterEffects(undone: Undone | undefined): void {
    if (undone !== undefined) {
      this.#pending = undone.pending;
      this.fail(undone.failure);
    } else if (this.exitWanted !== undefined) {
      this.end(this.exitWanted);
    }
  }

  #takeEffects(): readonly Effect[] {
    const { effects } = this;
    this.effects = [];
    return effects;
  }

  #record(cause: string): TurnRecord {
    const { body, number: incarnation } = this;
    const { address, seq } = this.cell;
    const effects = this.effects.map((effect, number) => ({ key: `${address}#${seq}.${number}`, ...describeEffect(effect) }));
    return { address, incarnation, seq, cause, trace: this.trace(), effects, state: () => body!.state() };
  }

  #commit(record: TurnRecord, committed: () => void): void {
    const { kernel } = this.cell;
    this.committing = true;
    const settle = (next: () => void): void => {
      if (this.phase === "ended") return; // Killed while the commit was under way (I3).
      this.committing = false;
      next();
      this.#afterCommit();
    };
    startPromise(() => kernel.commit!(record)).then(
      () => settle(committed),
      (error: unknown) => settle(() => this.#refused(error)),
    );
  }

  #afterCommit(): void {
    const exit = this.#stopWanted;
    if (exit !== undefined && this.phase === "running") this.#terminate(exit);
    this.cell.wake();
  }

  /** Somebody else owns this actor: nothing of the turn happened, the message is unprocessed. */
  #refused(error: unknown): void {
    const mail = this.current;
    this.#forgetTurn();
    if (mail !== undefined) this.cell.mailbox.putBack([mail]);
    const message = "the commit of its turn was refused";
    const { address } = this.cell;
    this.end({ kind: "failure", failure: { class: "fenced", name: "CommitRefused", message, address, cause: toFailure(error) } });
  }

  // Failure

  /** Something that this incarnation set in motion has failed, outside of a turn. */
  failLater(error: unknown): void {
    if (this.phase === "running" || this.phase === "suspended") this.fail(toFailure(error, this.cell.address));
  }

  /** The incarnation failed: it ends, or waits for a directive where `resume` is possible. */
  fail(failure: Failure): void {
    this.cell.failed(failure);
    const isFinal = this.phase === "suspended" || this.#stopWanted !== undefined || !mayResume(this.cell.spec.onFailure, failure);
    if (isFinal) return this.end({ kind: "failure", failure });
    this.phase = "suspended";
    this.#failure = failure;
    this.cell.askDirective(failure);
  }

  /** The directive `resume`: same state, what was pending goes on. */
  resume(): void {
    if (this.phase !== "suspended") return;
    this.phase = "running";
    const pending = this.#pending;
    this.#pending = [];
    this.#afterEffects(performManaged(this, pending));
    if (this.phase !== "running") return;
    if (!this.committing) this.current = undefined;
    this.cell.wake();
  }

  /** Any other directive: a suspended incarnation ends with its failure. */
  endSuspended(): void {
    if (this.phase === "suspended") this.end({ kind: "failure", failure: this.#failure! });
  }

  /** Puts what was postponed back in front of the mailbox. */
  unstash(): void {
    if (this.stashed === 0) return;
    this.cell.mailbox.putBack(this.holdings.stash);
    this.holdings.stash = [];
    this.cell.wake();
  }

  // End

  /** An ordered stop, within the spec's shutdown time. */
  stop(exit: Exit): void {
    const { shutdownMs } = this.cell.spec;
    if (this.phase === "stopping" || this.phase === "ended") return;
    if (shutdownMs === "brutal-kill") return this.kill();
    if (this.phase === "suspended") return this.endSuspended();
    const starts = this.phase === "starting";
    if (starts && this.body?.ownTurns !== true) return this.end(exit, "stopped");
    this.#cancelDeadline();
    if (typeof shutdownMs === "number") this.#deadline = this.cell.kernel.timers.set(shutdownMs, () => this.kill());
    if (this.committing) this.#stopWanted = exit;
    else this.#terminate(exit);
    if (shutdownMs === 0) this.kill();
  }

  #terminate(exit: Exit): void {
    this.phase = "stopping";
    const ended = (own: void | Exit | "later"): void => {
      if (own !== "later" && this.phase === "stopping") this.end(own ?? exit);
    };
    const failed = (error: unknown): void => {
      if (this.phase === "stopping") this.end({ kind: "failure", failure: toFailure(error, this.cell.address) });
    };
    try {
      const result = this.cell.kernel.within(this, () => this.body!.terminate(exit));
      if (result instanceof Promise) result.then(ended, failed);
      else ended(result);
    } catch (error) {
      failed(error);
    }
  }

  /** Ends it at once: its signal is aborted, and whatever it still does is cut off. */
  kill(): void {
    this.end(killedExit, "stopped");
  }

  /** An ask was answered, by whomever. */
  closeAsk(askId: number): void {
    this.#holdings?.closeAsk(askId);
  }

  /** It is over (I4). `why` tells a start that was ignored or stopped from one that failed. */
  end(exit: Exit, why: "ended" | "ignored" | "stopped" = "ended"): void {
    if (this.phase === "ended") return;
    const { cell, current } = this;
    const wasStarting = this.phase === "starting";
    this.phase = "ended";
    this.turnOpen = false;
    this.#cancelDeadline();
    this.#releaseBody();
    abandonEffects(this, this.#pending);
    abandonEffects(this, this.effects);
    if (current !== undefined && this.committing) this.#lose(current);
    if (this.#holdings !== undefined) {
      cell.mailbox.putBack(this.#holdings.stash);
      this.#holdings.release(cell.kernel, { address: cell.address, exit });
    }
    const failed = why === "ignored" ? "ignored" : "start-failed";
    cell.ended(exit, wasStarting && why !== "stopped" ? failed : "exited", current?.trace ?? cell.kernel.newTrace());
  }

  /** The mail of a turn whose commit nobody waits for any more: whether that turn happened, nobody here knows. */
  #lose(mail: Mail): void {
    this.#leaveUnanswered(mail, "it ended while its turn was being committed");
    this.cell.kernel.bury(mail, "failed");
  }

  #leaveUnanswered(mail: Mail, why: string): void {
    const { kernel, address } = this.cell;
    if (mail.replyTo !== undefined) kernel.asks.reject(mail.replyTo, new AskFailedError(address, "unknown", why));
  }

  #releaseBody(): void {
    try {
      this.body?.abort();
    } catch (error) {
      this.cell.kernel.logger.error({ err: error, address: this.cell.address }, "the clean-up of an actor threw");
    }
    this.body = undefined;
  }

  #cancelDeadline(): void {
    if (this.#deadline === undefined) return;
    this.cell.kernel.timers.cancel(this.#deadline);
    this.#deadline = undefined;
  }
}

/** The promise of `start`, also when it throws at once. */
function startPromise(start: () => Promise<void>): Promise<void> {
  try {
    return Promise.resolve(start());
  } catch (error) {
    return Promise.reject(error instanceof Error ? error : new Error(String(error)));
  }
}

/** What a turn's record names as its cause: the type of the message, where it has one. */
function causeOf({ kind, message }: Mail): string {
  const event = kind === "internal" ? (message as { event?: unknown }).event : message;
  const type = typeof event === "object" && event !== null ? (event as { type?: unknown }).type : undefined;
  return typeof type === "string" ? type : kind;
}
