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
  BudgetExhaustedError,
  idOf,
  MailboxFullError,
  shutdownExit,
  toFailure,
  type Address,
  type CheckedChildSpec,
  type DeadLetterReason,
  type Exit,
  type Failure,
  type MessageRefusedError,
  type SupervisionEvent,
} from "@orgtree/core";
import { BudgetAccount, unlimited, type BudgetHandle } from "./budget-account.ts";
import type { Runnable } from "./dispatcher.ts";
import { Incarnation } from "./incarnation.ts";
import type { Kernel } from "./kernel.ts";
import type { Logic } from "./logic.ts";
import { Mail } from "./mail.ts";
import { Mailbox } from "./mailbox.ts";
import type { Signal } from "./signal.ts";
import type { Timer } from "./timer-queue.ts";

/** How a cell's supervisor hears of it. */
export interface Supervisor {
  hear(event: SupervisionEvent<Logic>): void;
  /** The account from which its children's budgets are taken. */
  readonly account: BudgetAccount | undefined;
}

/** A place for one actor; see the head of this file. */
export class Cell implements Runnable {
  readonly kernel: Kernel;
  readonly address: Address;
  readonly mailbox: Mailbox;
  spec: CheckedChildSpec<Logic>;
  queued = false;
  /** Turns committed at this place; never goes back. */
  seq = 0;
  /** The incarnation that lives here now. */
  life: Incarnation | undefined;
  incarnations = 0;
  account: BudgetAccount | undefined;
  readonly #supervisor: Supervisor;
  #wallTimer: Timer | undefined;
  #lastExit: Exit = shutdownExit;
  #gone = false;

  constructor(kernel: Kernel, place: { address: Address; supervisor: Supervisor }, spec: CheckedChildSpec<Logic>) {
    this.kernel = kernel;
    this.address = place.address;
    this.#supervisor = place.supervisor;
    this.spec = spec;
    this.mailbox = new Mailbox(spec.mailbox);
  }

  get budget(): BudgetHandle {
    return this.account ?? unlimited;
  }

  // Mail

  /** Takes a mail in; what is refused stays the sender's. */
  accept(mail: Mail): MailboxFullError | MessageRefusedError | undefined {
    const { life, mailbox } = this;
    if (mail.kind === "message") {
      const refusal = life?.body?.check?.(mail);
      if (refusal !== undefined) return refusal;
      if (mailbox.messages + (life === undefined ? 0 : life.stashed) >= mailbox.capacity) return new MailboxFullError(this.address, mailbox.capacity);
    }
    mailbox.push(mail);
    if (!this.queued) this.wake();
    return undefined;
  }

  /** Puts a signal into the mailbox; `refused` is the mail it is about, should nobody be there to hear it. */
  signal(signal: Signal, refused?: { mail: Mail; reason: DeadLetterReason }): void {
    if (this.life === undefined) {
      if (refused !== undefined) this.kernel.bury(refused.mail, refused.reason);
      return;
    }
    const trace = refused?.mail.trace ?? this.life.trace();
    this.accept(new Mail("signal", { to: this.address, from: undefined, trace }, signal));
  }

  /** Puts an event of the actor's own into the mailbox: from a machine's child or timer, or a supervisor's retry. */
  internal(event: unknown): void {
    if (this.life === undefined) return;
    this.accept(new Mail("internal", { to: this.address, from: undefined, trace: this.life.trace() }, event));
  }

  /** Asks for turns, when there is mail and somebody to take it. */
  wake(): void {
    if (this.mailbox.size > 0 && this.life !== undefined && this.life.takesMail) this.kernel.dispatcher.schedule(this);
  }

  run(turns: number): boolean {
    for (let left = turns; left > 0; left--) {
      const { life } = this;
      if (life === undefined || !life.takesMail) return false;
      const mail = this.mailbox.shift();
      if (mail === undefined) return false;
      life.take(mail);
    }
    return this.mailbox.size > 0 && this.life?.takesMail === true;
  }

  // Life

  /** Begins a new incarnation; the supervisor hears how that went, perhaps at once. */
  start(): void {
    const life = new Incarnation(this, ++this.incarnations);
    this.life = life;
    try {
      this.#openAccount();
    } catch (error) {
      return life.end({ kind: "failure", failure: toFailure(error, this.address) });
    }
    life.begin();
  }

  #openAccount(): void {
    const { budget } = this.spec;
    if (this.account === undefined) {
      const above = this.#supervisor.account;
      this.account = budget === undefined ? above : new BudgetAccount(budget, above);
      if (budget?.wallMs !== undefined) this.#wallTimer = this.kernel.timers.set(budget.wallMs, () => this.#wallPassed());
    }
    if (budget?.wallMs !== undefined && this.#wallTimer?.pending === false) throw new BudgetExhaustedError("wall", budget.wallMs, 0);
  }

  /** The wall time of this subtree is over: a supervisor ends its children first. */
  #wallPassed(): void {
    const { life } = this;
    if (life === undefined) return;
    const failure = toFailure(new BudgetExhaustedError("wall", this.spec.budget!.wallMs!, 0), this.address);
    this.failed(failure);
    if (life.body?.ownTurns === true) life.stop({ kind: "failure", failure });
    else life.end({ kind: "failure", failure });
  }

  started(info: unknown): void {
    const { kernel, address } = this;
    if (kernel.observed) kernel.notify({ type: "actor-started", address, incarnation: this.incarnations, atMs: kernel.clock.epochMs() });
    this.#supervisor.hear({ kind: "started", id: idOf(address), info });
  }

  failed(failure: Failure): void {
    const { kernel, address } = this;
    kernel.notify({ type: "actor-failed", address, incarnation: this.incarnations, failure, atMs: kernel.clock.epochMs() });
  }

  /** The incarnation failed and may be resumed. */
  askDirective(failure: Failure): void {
    this.#supervisor.hear({ kind: "failed", id: idOf(this.address), failure });
  }

  /** The incarnation is over (C2). */
  ended(exit: Exit, how: "exited" | "start-failed" | "ignored"): void {
    const { kernel, address } = this;
    this.life = undefined;
    this.#lastExit = exit;
    kernel.registry.release(address);
    kernel.watches.release(address);
    const id = idOf(address);
    if (how === "ignored") return this.#supervisor.hear({ kind: "start-ignored", id });
    if (kernel.observed) kernel.notify({ type: "actor-exited", address, incarnation: this.incarnations, exit, atMs: kernel.clock.epochMs() });
    kernel.watches.notify({ address, incarnation: this.incarnations, exit }, kernel);
    if (how === "start-failed" && exit.kind === "failure") this.#supervisor.hear({ kind: "start-failed", id, failure: exit.failure });
    else this.#supervisor.hear({ kind: "exited", id, exit });
  }

  /** The address is given up: what is in the mailbox is lost, what was not spent goes back. */
  forget(): void {
    if (this.#gone) return;
    this.#gone = true;
    const { kernel, address } = this;
    this.life?.kill();
    if (kernel.cells.get(address) === this) kernel.cells.delete(address);
    for (const mail of this.mailbox.empty()) kernel.bury(mail, "stopped");
    kernel.watches.notify({ address, incarnation: this.incarnations, exit: this.#lastExit }, kernel);
    if (this.#wallTimer !== undefined) kernel.timers.cancel(this.#wallTimer);
    if (this.account !== this.#supervisor.account) this.account?.close();
  }
}
