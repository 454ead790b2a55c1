/**
 * Incarnation: one life of the actor at an address, from its initial step to its exit. State, timers, names and open work
 * are its own and end with it.
 *
 * Invariants
 *   I1. What comes in after the end is dropped: results, commits, timers, answers to its asks.
 *   I2. It ends exactly once, and its cell hears of it exactly once, whatever its clean-up does.
 *   I3. Whatever a turn causes belongs to the trace of its message: what it sends, and what comes back of that later.
 */
import {
  checkExit,
  FailureError,
  killedExit,
  mayResume,
  rootAddress,
  shutdownExit,
  toFailure,
  type Exit,
  type Failure,
} from "@orgtree/core";
import { inheritBooks } from "../durable/books.ts";
import type { Stored } from "../durable/stored-past.ts";
import type { TurnRecord } from "../durable/turn-store.ts";
import type { Timer } from "../time/timer-queue.ts";
import { later, type BeginResult, type Body, type Termination } from "./body.ts";
import type { Cell } from "./cell.ts";
import type { Ending } from "./supervisor-link.ts";
import type { Effect } from "./effect.ts";
import { Holdings } from "./holdings.ts";
import { IncarnationTurn } from "./incarnation-turn.ts";
import { PendingCommit, type Uncommitted } from "./pending-commit.ts";
import { abandonEffects, performManaged, type Undone } from "./perform.ts";
import { currentState } from "../logic-version.ts";
import { resumeHoldings, resumePending } from "./resumption.ts";
import { allLost, type CutOff } from "./unknown-outcome.ts";
import { carryOut, loseMail, makeTurnRecord } from "./turn-cycle.ts";
import type { Trace } from "./mail.ts";

/** Where an incarnation stands; `suspended` failed and waits for a directive. */
export type Phase = "starting" | "running" | "suspended" | "stopping" | "ended";

/** One life of an actor; see the head of this file. */
export class Incarnation {
  readonly cell: Cell;
  readonly number: number;
  readonly turn: IncarnationTurn;
  body: Body | undefined;
  phase: Phase = "starting";
  /** It has asked for its own end; granted when the effects of the turn are carried out. */
  exitWanted: Exit | undefined;
  #holdings: Holdings | undefined;
  #commit: PendingCommit | undefined;
  /** An ordered stop that waits for the end of a commit. */
  #stopWanted: Exit | undefined;
  /** Kills what does not start or stop in time. */
  #deadline: Timer | undefined;
  /** What a failed turn left undone, for `resume`. */
  #pending: readonly Effect[] = noEffects;
  #failure: Failure | undefined;
  /** A machine that is there again, and whose children wait for the rest of the tree. */
  #isRecovering = false;
  /** How it failed while it waited for them. */
  readonly #lost: Failure[] = [];
  /** Why work is found under way that this life has not begun. */
  cutOff: CutOff = "crash";
  /** Its state was made of that of another logic, and is not stored yet. */
  isMigrated = false;

  constructor(cell: Cell, number: number) {
    this.cell = cell;
    this.number = number;
    this.turn = new IncarnationTurn(this);
  }

  get takesMail(): boolean {
    if (this.phase !== "running" || this.#commit !== undefined || this.exitWanted !== undefined || this.#isRecovering) return false;
    return !this.cell.kernel.leaving || this.body!.isSupervisor === true;
  }

  get committing(): boolean {
    return this.#commit !== undefined;
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
  trace(): Trace {
    const isOutside = this.#commit !== undefined || this.phase === "suspended";
    return (isOutside ? undefined : this.turn.trace) ?? this.cell.kernel.newTrace();
  }

  // Start

  /** The initial step. The cell hears how it ended, perhaps at once. */
  begin(): void {
    const { kernel, spec } = this.cell;
    let begun: BeginResult | Promise<BeginResult>;
    try {
      this.body = kernel.makeBody(this, spec.logic);
      this.turn.open(undefined);
      begun = this.body.begin(spec.input);
    } catch (error) {
      return this.#throwAtStart(error);
    }
    if (!(begun instanceof Promise)) return this.#begun(begun);
    this.#limitStart();
    begun
      .then(
        (result) => this.phase === "starting" && this.#begun(result),
        (error: unknown) => this.phase === "starting" && this.#throwAtStart(error),
      )
      .catch((error: unknown) => this.cell.crashed(error));
  }

  #begun(result: BeginResult): void {
    this.turn.close();
    this.turn.postponed = false; // There was no message to put aside.
    if (result === "ignore") return this.end(shutdownExit, "start-ignored");
    if (this.cell.kernel.store === undefined || this.body!.isSupervisor === true) return this.#up();
    let record: TurnRecord;
    try {
      record = makeTurnRecord(this, undefined);
    } catch (error) {
      return this.#throwAtStart(error);
    }
    this.#limitStart();
    this.commit(record, (failed) => {
      if (failed !== undefined) return this.end({ kind: "failure", failure: failed.failure });
      this.cell.recorded(record);
      this.#up();
    });
  }

  /** Goes on where a life of another process was; the cell hears of it as of any start. */
  reactivate(stored: Stored): void {
    const { kernel, spec, address } = this.cell;
    const { durable, newest } = stored;
    if (newest.cause.kind === "rollback") this.cutOff = "rollback";
    try {
      this.body = kernel.makeBody(this, spec.logic);
      const { state, isMigrated } = currentState({ address, epochMs: kernel.clock.epochMs() }, spec.logic, stored);
      this.isMigrated = isMigrated;
      this.body.restore(state);
    } catch (error) {
      // What is stored is all that there is of it: a program that can go on from there may come.
      kernel.past.park(address, error);
      return this.#throwAtStart(error);
    }
    this.body.install();
    this.phase = "running";
    // What it owes from before goes out first: what it sends later has later numbers.
    this.#isRecovering = this.body.isSupervisor !== true;
    this.exitWanted = durable.books.exit;
    resumeHoldings(this, durable.books);
    this.cell.started(undefined, { isResumed: true });
    kernel.recovery.release(this.cell.address);
    const goOn = (): void => {
      // Before any message that is delivered again, as what is known of questions and work.
      this.body?.hearAgain?.();
      resumePending(this, durable.books);
    };
    const begin = (): void => {
      this.#isRecovering = false;
      if (this.exitWanted !== undefined) return this.end(this.exitWanted);
      this.body?.resume?.();
      if (this.#lost.length > 0) this.failLater(new FailureError(allLost(this.#lost)));
      if (this.isMigrated) this.cell.internal(migrated);
      this.cell.wake();
    };
    const handOver = (): void => resumePending(this, inheritBooks(durable.books, durable.books.birth));
    kernel.recovery.whenWhole(this, { goOn, begin, handOver });
    // A supervisor says itself when those below it are there.
    if (this.body.recover === undefined) this.#topIsUp();
    else this.body.recover();
    this.cell.wake();
  }

  #topIsUp(): void {
    const { address, kernel } = this.cell;
    if (kernel.store !== undefined && address !== rootAddress && kernel.topOf(address) === address) kernel.recovery.becomesWhole(address);
  }

  #up(): void {
    this.#cancelDeadline();
    this.body!.install();
    if (this.body!.isSupervisor !== true && this.cell.kernel.store === undefined) this.cell.seq++;
    this.phase = "running";
    this.cell.started(this.turn.takeInfo());
    this.#topIsUp();
    if (this.phase !== "running") return;
    carryOut(this);
    this.turn.end();
    this.cell.wake();
  }

  #throwAtStart(error: unknown): void {
    this.turn.forget();
    this.body?.discard();
    this.end({ kind: "failure", failure: toFailure(error, this.cell.address) });
  }

  #limitStart(): void {
    const { startMs } = this.cell.spec;
    if (startMs === "infinity") return;
    const message = `it did not start within ${startMs} ms (startMs)`;
    const failure: Failure = { class: "timeout", kind: "start", name: "StartTimeout", message, address: this.cell.address };
    this.#deadline ??= this.cell.kernel.timers.set(startMs, () => this.end({ kind: "failure", failure }));
  }

  // Commit

  /** Waits until `record` is stored, or is not; while it waits it takes no mail. */
  commit(record: TurnRecord, done: (failed: Uncommitted | undefined) => void): void {
    // From here on the number is taken, whatever becomes of the turn.
    this.cell.seq++;
    this.#commit = new PendingCommit(this.cell.kernel, record, (failed) => {
      this.#commit = undefined;
      done(failed);
      this.isMigrated &&= failed !== undefined;
      if (failed === undefined) this.cell.kernel.afterCommit?.(this, record);
      const exit = this.#stopWanted;
      if (exit !== undefined && this.phase === "running") this.#terminate(exit);
      this.cell.wake();
    });
  }

  /** What follows when the effects of a turn are carried out, or could not be. */
  afterEffects(undone: Undone | undefined): void {
    if (undone !== undefined) {
      this.#pending = undone.pending;
      this.fail(undone.failure);
    } else if (this.exitWanted !== undefined) {
      this.end(this.exitWanted);
    }
  }

  // Failure

  /** Something that this incarnation set in motion has failed, outside of a turn. */
  failLater(error: unknown): void {
    const failure = toFailure(error, this.cell.address);
    if (this.#isRecovering) this.#lost.push(failure);
    else if (this.phase === "running" || this.phase === "suspended") this.fail(failure);
  }

  /** The incarnation failed: it ends, or waits for a directive where `resume` is possible. */
  fail(failure: Failure): void {
    this.cell.failed(failure);
    const isFinal =
      this.phase === "suspended" ||
      this.body?.isTorn === true ||
      this.#stopWanted !== undefined ||
      !mayResume(this.cell.spec.onFailure, failure);
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
    this.#pending = noEffects;
    this.afterEffects(performManaged(this, pending));
    if (this.phase !== "running") return;
    if (this.#commit === undefined) this.turn.end();
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
    if (this.phase === "starting" && this.body?.isSupervisor !== true) return this.end(exit, "exited");
    this.#cancelDeadline();
    if (typeof shutdownMs === "number") this.#deadline = this.cell.kernel.timers.set(shutdownMs, () => this.kill());
    if (this.#commit !== undefined) this.#stopWanted = exit;
    else this.#terminate(exit);
    if (shutdownMs === 0) this.kill();
  }

  #terminate(exit: Exit): void {
    this.phase = "stopping";
    const failed = (error: unknown): void => {
      if (this.phase === "stopping") this.end({ kind: "failure", failure: toFailure(error, this.cell.address) });
    };
    const ended = (own: Termination): void => {
      if (own !== later && this.phase === "stopping") this.end(own === undefined ? exit : checkExit(own));
    };
    try {
      const result = this.cell.kernel.within(this, () => this.body!.terminate(exit));
      if (result instanceof Promise) result.then(ended).catch(failed);
      else ended(result);
    } catch (error) {
      failed(error);
    }
  }

  /** Ends it at once: its signal is aborted, and whatever it still does is cut off. */
  kill(): void {
    this.end(killedExit, "exited");
  }

  /** An ask was answered, by whomever. */
  closeAsk(askId: number): void {
    this.#holdings?.closeAsk(askId);
  }

  /** It is over (I2). */
  end(exit: Exit, ending: Ending = this.phase === "starting" ? "start-failed" : "exited"): void {
    if (this.phase === "ended") return;
    const { cell, turn } = this;
    const { mail, effects } = turn;
    const trace = mail?.trace ?? cell.kernel.newTrace();
    this.phase = "ended";
    turn.close();
    this.#cancelDeadline();
    this.#guarded(() => this.body?.abort());
    this.body = undefined;
    this.#guarded(() => abandonEffects(this, [...this.#pending, ...effects]));
    if (this.#commit !== undefined) {
      this.#commit.abandon();
      if (mail !== undefined) loseMail(this, mail);
    }
    this.#guarded(() => this.#release(exit));
    cell.ended(exit, ending, trace);
  }

  #release(exit: Exit): void {
    if (this.#holdings === undefined) return;
    const { address, kernel, mailbox } = this.cell;
    mailbox.putBack(this.#holdings.stash);
    this.#holdings.release(kernel, { address, exit });
  }

  /** Clean-up runs code of the user's: a throw there must not keep anybody from hearing of the end. */
  #guarded(cleanUp: () => void): void {
    try {
      this.cell.kernel.within(this, cleanUp);
    } catch (error) {
      this.cell.kernel.logger.error({ err: error, address: this.cell.address }, "the clean-up of an actor threw");
    }
  }

  #cancelDeadline(): void {
    if (this.#deadline === undefined) return;
    this.cell.kernel.timers.cancel(this.#deadline);
    this.#deadline = undefined;
  }
}

const noEffects: readonly Effect[] = [];

/** The first turn after a migration, with which the new state is stored. */
const migrated = { event: { type: "orgtree.migrated" }, source: undefined, timer: undefined, target: undefined };
