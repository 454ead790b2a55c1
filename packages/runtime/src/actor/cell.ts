/**
 * Cell: the place at an address, where incarnations of one actor live one after the other. Mailbox, spending and watchers
 * belong to the place and survive a restart.
 *
 * Invariants
 *   C1. A message leaves the mailbox processed, or as exactly one dead letter.
 *   C2. Each `start` is answered to the supervisor by exactly one of started, start-ignored, start-failed; each end of an
 *       incarnation that had started by exactly one `exited`.
 */
import {
  addAmounts,
  checkAddress,
  idOf,
  isNothing,
  MailboxFullError,
  maxDepth,
  noAmount,
  parentAddress,
  shutdownExit,
  subtractAmounts,
  toFailure,
  withoutInput,
  type Address,
  type Amount,
  type CheckedChildSpec,
  type Exit,
  type Failure,
  type MessageRefusedError,
} from "@orgtree/core";
import { wallPassed, type Grant } from "../kernel/accounts.ts";
import { budgetOf, type BudgetAccount, type BudgetHandle, type SpendingBooks } from "../kernel/budget-account.ts";
import type { Runnable } from "../kernel/dispatcher.ts";
import { refuseEvent } from "./event-door.ts";
import { Incarnation } from "./incarnation.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { takesEvents, type Logic } from "../logic.ts";
import { Mail, type Trace } from "./mail.ts";
import { Mailbox } from "./mailbox.ts";
import { inheritBooks, withoutMailbox, type Books } from "../durable/books.ts";
import type { EffectKey } from "../durable/effect-key.ts";
import type { Stored } from "../durable/stored-past.ts";
import type { TurnRecord } from "../durable/turn-store.ts";
import type { DescribedEffect } from "./effect.ts";
import type { Signal } from "./signal.ts";
import type { Ending, Supervisor } from "./supervisor-link.ts";
import { resumePending } from "./resumption.ts";
import { RecordRequest } from "./record-request.ts";
import { takeMail } from "./turn-cycle.ts";
import type { Timer } from "../time/timer-queue.ts";
import { Unrecorded } from "./unrecorded.ts";

/** A place for one actor; see the head of this file. */
export class Cell implements Runnable {
  readonly kernel: Kernel;
  readonly address: Address;
  readonly mailbox: Mailbox;
  spec: CheckedChildSpec<Logic>;
  queued = false;
  /** The number of the next turn; never goes back, not even when the place is given up and taken again. */
  seq: number;
  /** The incarnation that lives here now. */
  life: Incarnation | undefined;
  incarnations = 0;
  /** When its newest turn began, or its life, in whole milliseconds: a fraction would be an object more in each cell. */
  lastTurnMs = 0;
  account: BudgetAccount | undefined;
  /** The books of the lives at this place, where turns are stored. */
  books: Books | undefined;
  /** The decision of its supervisor by which the life that is here now began. */
  birth = 0;
  #unrecorded: Unrecorded | undefined;
  readonly #supervisor: Supervisor;
  #grant: Grant | undefined;
  #wallTimer: Timer | undefined;
  #lastExit: Exit = shutdownExit;
  #gone = false;

  constructor(kernel: Kernel, place: { address: Address; supervisor: Supervisor }, spec: CheckedChildSpec<Logic>) {
    this.kernel = kernel;
    this.address = place.address;
    this.#supervisor = place.supervisor;
    this.spec = spec;
    this.seq = kernel.nextSeq;
    this.mailbox = new Mailbox(spec.mailbox);
  }

  /** The version of the plan that this actor is part of. */
  get planVersion(): number | undefined {
    return this.#supervisor.planVersion;
  }

  get budget(): BudgetHandle {
    if (this.kernel.store === undefined) return budgetOf(this.account);
    const { life } = this;
    return budgetOf(this.account, { spend: (amount) => this.spend(amount), stored: () => this.#stored(life!) });
  }

  /** Where its spending is noted for other processes; nowhere when there are none. */
  get spendingBooks(): SpendingBooks | undefined {
    return this.kernel.store === undefined ? undefined : this;
  }

  /** The actor has spent this by itself. */
  spend(amount: Amount): void {
    this.#next.spend(amount);
  }

  /** Resolves when what is spent by now is in a record of this life; rejects where there will be none. */
  #stored(life: Incarnation): Promise<void> {
    const request = new RecordRequest(life.holdings.signal);
    if (this.life === life) this.internal(request);
    return request.stored;
  }

  /** What was spent since it was asked last; it goes into the next record. */
  takeSpent(): Amount {
    if (this.#unrecorded === undefined) return noAmount;
    const { spent, vouched } = this.#unrecorded.takeSpent();
    if (!isNothing(vouched)) this.#above?.spend(subtractAmounts(noAmount, vouched));
    return spent;
  }

  /**
   * The life has failed, and its turn is no record: what it noted goes into the record of the decision on it, and what it spent is stored
   * there until it has a record of its own. Until the one above has another record it may be stored twice; never not at all.
   */
  #vouch(): void {
    const above = this.#above;
    if (this.kernel.store !== undefined && above !== undefined) this.#unrecorded?.vouch(above);
  }

  get #next(): Unrecorded {
    return (this.#unrecorded ??= new Unrecorded());
  }

  get #above(): Cell | undefined {
    const parent = parentAddress(this.address);
    return parent === undefined ? undefined : this.kernel.cells.get(parent);
  }

  /** Keeps something for the next record of this place, whichever life makes it; nothing where turns are not stored. */
  note(what: unknown): void {
    if (this.kernel.store !== undefined) this.#next.notes.add(what);
  }

  /** The notes that no record has yet, as effects of the next turn. */
  get notes(): readonly DescribedEffect[] {
    return this.#unrecorded?.notes.effects ?? noEffects;
  }

  /** A record is stored: its books hold from now on, and its notes need not come again. */
  recorded({ books, effects }: TurnRecord): void {
    this.books = books;
    this.#unrecorded?.notes.stored(effects);
  }

  /** All that was spent at this place. */
  get allSpent(): Amount {
    return addAmounts(this.books?.spent ?? noAmount, this.#unrecorded?.spent ?? noAmount);
  }

  /** The same, of a place that is given up for good. */
  takeAllSpent(): Amount {
    const spent = addAmounts(this.books?.spent ?? noAmount, this.takeSpent());
    if (this.books !== undefined) this.books = { ...this.books, spent: noAmount };
    return spent;
  }

  /** The account of this place; undefined where it only spends from one above. */
  get ownAccount(): BudgetAccount | undefined {
    return this.#grant?.account;
  }

  // Mail

  /** Takes a mail in; what is refused stays the sender's. */
  accept(mail: Mail): MailboxFullError | MessageRefusedError | undefined {
    const { life, mailbox } = this;
    if (mail.kind === "message") {
      // A message is looked at even when nobody lives here, or is only about to.
      const refusal = life === undefined ? this.#checkWhileDown(mail) : life.body?.check?.(mail);
      if (refusal !== undefined) return refusal;
      if (mailbox.isFull(life === undefined ? 0 : life.stashed)) {
        if (mail.key === undefined) return new MailboxFullError(this.address, mailbox.capacity);
        mailbox.letWait(mail);
        return undefined;
      }
    }
    mailbox.push(mail);
    if (!this.queued) this.wake();
    return undefined;
  }

  #checkWhileDown(mail: Mail): MessageRefusedError | undefined {
    return takesEvents(this.spec.logic) ? refuseEvent(mail) : undefined;
  }

  /** Puts a signal into the mailbox, as part of `trace`; false when nobody is there to hear it. */
  signal(signal: Signal, trace: Trace, key?: EffectKey): boolean {
    if (this.life === undefined) return false;
    const mail = new Mail("signal", { to: this.address, from: undefined, trace }, signal);
    mail.key = key;
    this.accept(mail);
    return true;
  }

  /** Puts an event of the actor's own into the mailbox: from a machine's child or timer, or a supervisor's retry. */
  internal(event: unknown, trace?: Trace): void {
    if (this.life === undefined) return;
    this.accept(new Mail("internal", { to: this.address, from: undefined, trace: trace ?? this.life.trace() }, event));
  }

  /** Asks for turns, when there is mail and somebody to take it. */
  wake(): void {
    if (this.mailbox.size > 0 && this.life !== undefined && this.life.takesMail) this.kernel.dispatcher.schedule(this);
  }

  run(turns: number): boolean {
    if (this.kernel.pauses.has(this.address)) return false;
    for (let left = turns; left > 0; left--) {
      const { life } = this;
      if (life === undefined || !life.takesMail) return false;
      const mail = this.mailbox.shift();
      if (mail === undefined) return false;
      this.lastTurnMs = Math.trunc(this.kernel.dispatcher.nowMs);
      if (this.mailbox.hasWaiting) this.mailbox.letIn(life.stashed);
      if (this.kernel.owners === undefined) takeMail(life, mail);
      else this.kernel.within(life, () => takeMail(life, mail));
    }
    return this.mailbox.size > 0 && this.life?.takesMail === true;
  }

  /** A recipient has taken what was sent under this key. */
  acknowledge(key: EffectKey): void {
    // Without a store nobody keeps what was sent.
    if (this.kernel.store !== undefined) this.#next.acknowledge(key);
  }

  takeAcknowledged(): readonly EffectKey[] {
    return this.#unrecorded?.takeAcknowledged() ?? noKeys;
  }

  // Life

  /**
   * Begins a new incarnation, by the decision `birth`; the supervisor hears how that went, perhaps at once. Where something is
   * stored of this place it goes on there, if that was the same life, else begins afresh with what the place owes: another life was
   * decided then, and has not stored anything yet. True where it goes on.
   */
  start(birth: number, stored?: Stored): boolean {
    const isSame = stored?.durable.books.birth === birth;
    this.#begin(birth, stored, isSame);
    return isSame;
  }

  #begin(birth: number, stored: Stored | undefined, isSame: boolean): void {
    this.incarnations = Math.max(this.incarnations, this.kernel.past.lastIncarnation(this.address)) + 1;
    this.birth = birth;
    this.lastTurnMs = Math.trunc(this.kernel.clock.nowMs());
    const life = new Incarnation(this, this.incarnations);
    this.life = life;
    this.kernel.orphans.adopt(this.address);
    try {
      // An address with too many segments has at least this many characters, so the others need no look.
      if (this.address.length > 2 * maxDepth) checkAddress(this.address);
      this.#openAccount();
    } catch (error) {
      return life.end({ kind: "failure", failure: toFailure(error, this.address) });
    }
    if (stored === undefined) this.books ??= withoutMailbox(this.kernel.past.booksOf(this.address));
    else {
      this.books = stored.durable.books;
      this.seq = Math.max(this.seq, stored.seq + 1);
    }
    if (stored !== undefined && isSame) return this.kernel.within(life, () => life.reactivate(stored));
    // What was sent from here belongs to the place: where the other process did not hand it over, this one does.
    if (stored !== undefined) {
      const handOver = (): void => resumePending(life, inheritBooks(stored.durable.books, birth));
      this.kernel.recovery.whenWhole(life, { goOn: handOver, handOver });
    }
    this.kernel.within(life, () => life.begin());
  }

  /** What it may spend is settled once: a restart does not refill it, nor does a changed spec. */
  #openAccount(): void {
    const { kernel, address, spec } = this;
    const { account: above } = this.#supervisor;
    const nowMs = kernel.clock.nowMs();
    if (spec.budget !== undefined)
      this.#grant ??= kernel.accounts.grant(address, spec.budget, { above, nowMs, spent: kernel.past.spentWithin(address) });
    this.account = this.#grant?.account ?? above;
    const wallDueMs = this.#grant?.wallDueMs ?? Infinity;
    if (wallDueMs === Infinity) return;
    if (wallDueMs <= nowMs) throw wallPassed(this.#grant!.budget);
    this.#wallTimer ??= kernel.timers.set(wallDueMs - nowMs, () => this.#wallPassed());
  }

  /** The wall time of this subtree is over: a supervisor ends its children first. */
  #wallPassed(): void {
    const { life, spec } = this;
    if (life === undefined) return; // The next start finds out.
    const failure = toFailure(wallPassed(this.#grant!.budget), this.address);
    const inOrder = life.body?.isSupervisor === true && spec.shutdownMs !== "brutal-kill";
    if (inOrder && life.phase === "stopping") return;
    this.failed(failure);
    if (inOrder) life.stop({ kind: "failure", failure });
    else life.end({ kind: "failure", failure });
  }

  started(info: unknown, { isResumed = false }: { readonly isResumed?: boolean } = {}): void {
    const { kernel, address, incarnations: incarnation } = this;
    if (this.spec.restart === "temporary") this.spec = withoutInput(this.spec);
    const resumed = isResumed ? ({ isResumed } as const) : undefined;
    if (kernel.observed) kernel.notify({ type: "actor-started", address, incarnation, ...resumed, atMs: kernel.clock.epochMs() });
    this.#supervisor.hear({ kind: "started", id: idOf(address), info });
  }

  failed(failure: Failure): void {
    const { kernel, address } = this;
    kernel.notify({ type: "actor-failed", address, incarnation: this.incarnations, failure, atMs: kernel.clock.epochMs() });
  }

  /** The incarnation failed and may be resumed. */
  askDirective(failure: Failure): void {
    this.#vouch();
    this.#supervisor.hear({ kind: "failed", id: idOf(this.address), failure });
  }

  /** An ordered stop; one that has ended meanwhile has already said so. */
  stop(): void {
    this.life?.stop(shutdownExit);
  }

  endSuspended(): void {
    this.life?.endSuspended();
  }

  resume(): void {
    this.life?.resume();
  }

  /** The incarnation is over (C2). */
  ended(exit: Exit, ending: Ending, trace: Trace): void {
    const { kernel, address } = this;
    this.life = undefined;
    this.#lastExit = exit;
    this.#vouch();
    kernel.registry.release(address);
    kernel.watches.release(address);
    // What it was told in answer to what it did is nothing to the next incarnation.
    for (const notice of this.mailbox.takeNotices()) {
      if (!(notice.message instanceof RecordRequest)) kernel.bury(notice, "stopped");
    }
    const id = idOf(address);
    if (ending === "start-ignored") return this.#supervisor.hear({ kind: ending, id });
    if (kernel.observed)
      kernel.notify({ type: "actor-exited", address, incarnation: this.incarnations, exit, atMs: kernel.clock.epochMs() });
    kernel.watches.notify({ address, incarnation: this.incarnations, exit }, kernel, trace);
    if (ending === "start-failed" && exit.kind === "failure") this.#supervisor.hear({ kind: ending, id, failure: exit.failure });
    else this.#supervisor.hear({ kind: "exited", id, exit });
  }

  /** The code of the incarnation got past all that should have held it: it ends, and nobody else does. */
  crashed(error: unknown): void {
    const { kernel, address } = this;
    kernel.logger.error({ err: error, address }, "a turn escaped its actor");
    try {
      this.life?.end({ kind: "failure", failure: toFailure(error, address) });
    } catch (again) {
      kernel.logger.error({ err: again, address }, "an actor could not be ended in order");
    }
  }

  /** The address is given up: what is in the mailbox is lost. */
  forget(): void {
    if (this.#gone) return;
    this.#gone = true;
    const { kernel, address } = this;
    this.life?.kill();
    kernel.nextSeq = Math.max(kernel.nextSeq, this.seq);
    if (kernel.cells.get(address) === this) kernel.cells.delete(address);
    for (const mail of [...this.mailbox.empty(), ...this.mailbox.takeWaiting()]) kernel.lose(mail, "stopped");
    kernel.watches.notify({ address, incarnation: this.incarnations, exit: this.#lastExit }, kernel, kernel.newTrace());
    if (this.#wallTimer !== undefined) kernel.timers.cancel(this.#wallTimer);
    this.ownAccount?.close();
  }

  /** The address is given up for good: nobody who lives here later is the same. */
  drop(): void {
    this.forget();
    this.kernel.endPlace(this.address, this.books);
    const place = { above: this.#supervisor.account, hasChildren: this.spec.type === "supervisor" };
    this.kernel.accounts.drop(this.address, place);
  }
}

const noEffects: readonly DescribedEffect[] = [];
const noKeys: readonly EffectKey[] = [];
