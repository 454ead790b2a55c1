import { ExpectedError, type Address, type FailureClass } from "@orgtree/core";

/** What was asked for is not in the journal: nobody of that name, no turn of that number, or nothing is left of it. */
export class UnknownTurnError extends ExpectedError {
  override readonly name = "UnknownTurnError";
  readonly retryable = false;
  readonly address: Address;
  /** Undefined when there is no turn of the actor at all. */
  readonly seq: number | undefined;

  constructor(address: Address, seq: number | undefined, problem: string) {
    super(problem);
    this.address = address;
    this.seq = seq;
  }
}

/** A turn is in the journal, and cannot be read by this program. */
export class UnreadableTurnError extends ExpectedError {
  override readonly name = "UnreadableTurnError";
  readonly retryable = false;
  readonly address: Address;
  readonly seq: number;
  readonly position: number;

  constructor(
    { address, seq, position }: { readonly address: Address; readonly seq: number; readonly position: number },
    problem: string,
    cause?: unknown,
  ) {
    super(`turn ${seq} of ${address}, at position ${position}, cannot be read: ${problem}`, cause === undefined ? undefined : { cause });
    this.address = address;
    this.seq = seq;
    this.position = position;
  }

  override get failureClass(): FailureClass {
    return "unknown-outcome";
  }
}
