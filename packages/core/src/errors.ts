import type { Address } from "./address.ts";
import type { Failure, FailureClass } from "./failure.ts";

/**
 * A failure that we expect and handle, as opposed to a broken assumption, which is a plain `Error` and crashes the actor.
 *
 * Between processes it travels as a `Failure`; `instanceof` ends at the process.
 */
export abstract class ExpectedError extends Error {
  /** The same in every process: how the error is known once it crossed a subject. */
  abstract override readonly name: string;
  /** True when the same attempt may succeed later. */
  abstract readonly retryable: boolean;

  /** The failure class an actor that throws this fails with. */
  get failureClass(): FailureClass {
    return "crash";
  }

  /** Finer than the class, where the class has kinds. */
  get failureKind(): string | undefined {
    return undefined;
  }

  /** The facts of this error, as plain data. */
  get detail(): Readonly<Record<string, unknown>> {
    const { stack: _stack, message: _message, name: _name, cause: _cause, retryable: _retryable, ...facts } = this;
    return facts;
  }
}

/** A text is no address, or no id of a child. */
export class AddressError extends ExpectedError {
  override readonly name = "AddressError";
  readonly retryable = false;
  readonly address: string;

  constructor(address: string, problem: string) {
    super(`"${address}" is not an address: ${problem}`);
    this.address = address;
  }
}

/** A child spec or supervisor specification is malformed. Nothing was started. */
export class SpecError extends ExpectedError {
  override readonly name = "SpecError";
  readonly retryable = false;
  /** Where in the specification, for example `children[2].shutdownMs`. */
  readonly field: string;

  constructor(field: string, problem: string) {
    super(`${field}: ${problem}`);
    this.field = field;
  }
}

/** The mailbox is at its capacity; the sender still holds the message. */
export class MailboxFullError extends ExpectedError {
  override readonly name = "MailboxFullError";
  readonly retryable = true;
  readonly actor: Address;
  readonly capacity: number;

  constructor(actor: Address, capacity: number) {
    super(`mailbox of ${actor} is full: it holds ${capacity} messages; send later, or give its spec a larger mailbox`);
    this.actor = actor;
    this.capacity = capacity;
  }

  override get failureClass(): FailureClass {
    return "overload";
  }
}

/** Nobody lives at this address. */
export class UnknownRecipientError extends ExpectedError {
  override readonly name = "UnknownRecipientError";
  readonly retryable = false;
  readonly actor: string;

  constructor(actor: string) {
    super(`no actor at ${actor}; \`system.tree()\` lists those that are there`);
    this.actor = actor;
  }
}

/** A message that may not be sent: no event, one that cannot be stored, a forged internal type, or over the size limit. */
export class MessageRefusedError extends ExpectedError {
  override readonly name = "MessageRefusedError";
  readonly retryable = false;
  /** The address of who was to have it, or the name of a group. */
  readonly actor: string;
  readonly reason: "malformed" | "forged" | "oversized";

  constructor(actor: string, reason: "malformed" | "forged" | "oversized", problem: string) {
    super(`message to ${actor} refused: ${problem}`);
    this.actor = actor;
    this.reason = reason;
  }
}

/** No answer before the deadline. The outcome is unknown: the other side may have acted, or may still act. */
export class AskTimeoutError extends ExpectedError {
  override readonly name = "AskTimeoutError";
  readonly retryable = false;
  readonly actor: Address;
  readonly timeoutMs: number;
  readonly outcome = "unknown";

  constructor(actor: Address, timeoutMs: number) {
    super(`no answer from ${actor} within ${timeoutMs} ms; whether it acted is unknown`);
    this.actor = actor;
    this.timeoutMs = timeoutMs;
  }

  override get failureClass(): FailureClass {
    return "timeout";
  }
}

/** The asked actor ended before it answered. `outcome` says whether the question had been taken up. */
export class AskFailedError extends ExpectedError {
  override readonly name = "AskFailedError";
  readonly retryable = false;
  readonly actor: Address;
  readonly outcome: "not-done" | "unknown";

  constructor(actor: Address, outcome: "not-done" | "unknown", reason: string) {
    super(`${actor} did not answer: ${reason}`);
    this.actor = actor;
    this.outcome = outcome;
  }
}

/** Something was tried that the charter forbids. It did not happen. */
export class RoleViolationError extends ExpectedError {
  override readonly name = "RoleViolationError";
  readonly retryable = false;
  /** Who tried. */
  readonly actor: string;
  readonly forbidden: string;

  constructor(actor: string, forbidden: string, remedy: string) {
    super(`${actor} may not ${forbidden}; ${remedy}`);
    this.actor = actor;
    this.forbidden = forbidden;
  }

  override get failureClass(): FailureClass {
    return "role-violation";
  }
}

/** A budget has no room for what was to be spent. Nothing was spent. */
export class BudgetExhaustedError extends ExpectedError {
  override readonly name = "BudgetExhaustedError";
  readonly retryable = false;
  readonly dimension: "turns" | "tokens" | "usd" | "wall";
  readonly wanted: number;
  readonly left: number;

  constructor(dimension: "turns" | "tokens" | "usd" | "wall", wanted: number, left: number) {
    super(
      dimension === "wall"
        ? `budget exhausted: ${wanted} ms of wall time are over`
        : `budget exhausted: ${wanted} ${dimension} wanted, ${left} left`,
    );
    this.dimension = dimension;
    this.wanted = wanted;
    this.left = left;
  }

  override get failureClass(): FailureClass {
    return "budget-exhausted";
  }

  override get failureKind(): string {
    return this.dimension;
  }
}

/** An administrative call to a supervisor that cannot be carried out. Nothing changed. */
export class SupervisorCallError extends ExpectedError {
  override readonly name = "SupervisorCallError";
  readonly retryable = false;
  readonly code: SupervisorCallCode;
  readonly child: string;
  /** Why the child did not start, with `start-failed`. */
  readonly failure: Failure | undefined;

  constructor(code: SupervisorCallCode, child: string, why: string | { readonly problem: string; readonly failure: Failure }) {
    super(`${child}: ${typeof why === "string" ? why : why.problem}`);
    this.code = code;
    this.child = child;
    this.failure = typeof why === "string" ? undefined : why.failure;
  }
}

/** Why a supervisor refused a call; the names are OTP's where OTP has one. */
export type SupervisorCallCode =
  | "already-started"
  | "already-present"
  | "not-found"
  | "running"
  | "restarting"
  | "start-failed"
  | "max-children"
  | "dynamic"
  /** Who would go back himself cannot ask for it. */
  | "own-rollback"
  | "rollback-loop"
  | "stopping"
  | "bad-spec";
