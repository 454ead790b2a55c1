import { ExpectedError, type Address, type Exit, type ReplyTo } from "@orgtree/core";
import type { BudgetHandle } from "../kernel/budget-account.ts";

/**
 * What an actor may do while it takes a turn. Nothing of it happens during the turn: every call is collected as an effect
 * and dispatched after the turn has been committed; a turn that throws leaves none. Calls after the turn has ended throw
 * `TurnClosedError`: work that takes time belongs in `run`, whose result comes back as a signal.
 */
export interface Turn {
  readonly address: Address;
  readonly incarnation: number;
  /** When this turn is computed, in milliseconds since 1970: the same all through the turn, and when it is computed again (`replay`). */
  readonly epochMs: number;
  /** Who sent the message of this turn; undefined from outside, and for signals. */
  readonly from: Address | undefined;
  /** Set when the message is an ask. Plain data: it may be kept in the state and answered in a later turn. */
  readonly replyTo: ReplyTo | undefined;
  /** Sends a message, at most once. A refusal comes back as an `orgtree.refused` signal. */
  tell(to: Address, message: unknown): void;
  /**
   * Sends a message that is delivered effectively once, in order: it is stored with this turn, sent again until its recipient
   * has taken it, over crashes of either side, and taken once. Without a journal it is sent again while its recipient has no
   * room. Whoever does not exist, or is given up, gets it no more: it is a dead letter.
   */
  deliver(to: Address, message: unknown): void;
  /** Sends a question; the answer comes as `orgtree.reply` or `orgtree.ask-failed` with this tag. */
  ask(to: Address, message: unknown, options: { readonly tag: string; readonly timeoutMs?: number }): void;
  /** Answers the ask of this turn, or an earlier one. */
  reply(value: unknown, to?: ReplyTo): void;
  /** Answers with an error: the asker's promise rejects with it. */
  refuse(error: Error, to?: ReplyTo): void;
  /**
   * Asks for one `orgtree.down` when the incarnation that lives at `address` ends, or the next one while the actor is being
   * restarted; at once when there is no such actor.
   */
  watch(address: Address): void;
  /** A notice that is on its way already still comes. */
  unwatch(address: Address): void;
  /**
   * Sets a named timer; a running one of the same name starts again. After that, and after `cancelTimer`, the old one is
   * not heard any more, even if it was due already. It ends with the incarnation.
   */
  setTimer(name: string, delayMs: number): void;
  cancelTimer(name: string): void;
  /**
   * Begins work that takes time. Its signal is aborted when the incarnation ends; a late result is dropped.
   *
   * A function is not known after a crash: it counts as irreversible, and work found under way has an unknown outcome.
   */
  run(tag: string, work: Work): void;
  /**
   * Begins one of the logic's declared `works` (plain actors), with an input that can be stored. After a crash it begins again, is taken
   * back, or has an unknown outcome, as it is declared. The tag of its result is its name unless `tag` says otherwise. Throws
   * `UnknownWorkError` for a name that is not declared.
   */
  run(name: string, input: unknown, options?: { readonly tag?: string }): void;
  /** Ends this incarnation after the turn, by default `normal`. */
  exit(exit?: Exit): void;
  /**
   * Puts the message of this turn aside until `unstash`; it counts against the mailbox. Nothing else of this turn happens:
   * its state and effects are dropped, and the message will be taken as if for the first time.
   */
  postpone(): void;
  /** Puts what was postponed back in front of the mailbox, oldest first. */
  unstash(): void;
  /**
   * Makes the state after this turn, with what is below and beside it then, a place to go back to: for the directive `rollback`,
   * and by hand. A later one of the same name takes its place. Without a journal it does nothing.
   */
  checkpoint(name: string): void;
  /** Gives this actor a name. Throws `NameTakenError` at once when another living actor has it. */
  register(name: string): void;
  /** Joins a group; leaving is automatic at the end of the incarnation. */
  join(group: string): void;
  leave(group: string): void;
  /** Tells every member of a group but this actor. */
  publish(group: string, message: unknown): void;
  /** Tells whoever observes the system. */
  emit(event: { readonly type: string }): void;
  /** During the initial step: passed back to whoever started this child. */
  info(value: unknown): void;
  /** What this actor may spend; always there, unlimited where no budget was given. */
  readonly budget: BudgetHandle;
}

/** Work that takes time. Rejecting fails with the class of the error. */
export type Work = (context: WorkContext) => Promise<unknown>;

/** What work is given. */
export interface WorkContext {
  /** Aborted when the incarnation that began the work ends. */
  readonly signal: AbortSignal;
  /** The idempotency key of this effect: `run/address#seq.n`, where `run` is that of the journal; without one there is only `/address#seq.n`. */
  readonly key: string;
  readonly address: Address;
  readonly budget: BudgetHandle;
}

/** A turn was used after it ended. */
export class TurnClosedError extends ExpectedError {
  override readonly name = "TurnClosedError";
  readonly retryable = false;
  readonly actor: Address;

  constructor(actor: Address) {
    super(`the turn of ${actor} is over: asynchronous work belongs in turn.run, whose result comes back as a signal`);
    this.actor = actor;
  }
}

/** A logic has no work of this name. */
export class UnknownWorkError extends ExpectedError {
  override readonly name = "UnknownWorkError";
  readonly retryable = false;
  readonly actor: Address;
  readonly work: string;

  constructor(actor: Address, work: string, known: readonly string[]) {
    super(`${actor} has no work "${work}": declare it in the works of its logic, which has ${known.join(", ") || "none"}`);
    this.actor = actor;
    this.work = work;
  }
}

/** Another living actor has this name. */
export class NameTakenError extends ExpectedError {
  override readonly name = "NameTakenError";
  readonly retryable = false;
  readonly taken: string;
  readonly holder: Address;

  constructor(taken: string, holder: Address) {
    super(`the name "${taken}" belongs to ${holder}`);
    this.taken = taken;
    this.holder = holder;
  }
}
