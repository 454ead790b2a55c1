import type { Address } from "../address.ts";
import { ExpectedError } from "../errors.ts";
import { causeChain, describeFailure, type Failure, type FailureClass } from "../failure.ts";

/** That the root has given up a tree because of a failure. */
export interface GivingUp {
  /** What the tree ended with, and what led to it down to the leaf. */
  readonly failure: Failure;
  /** The decision of the root by which it did. */
  readonly seq: number;
}

/** Where in a journal something happened. */
export interface TurnPlace {
  readonly address: Address;
  readonly seq: number;
  /** Undefined where the journal was not looked at, or does not hold it any more. */
  readonly position: number | undefined;
}

/**
 * The tree that lived at an address was given up because of a failure, and its turns are kept. Nobody begins it afresh who does not say
 * so. It did not start; nothing of it is lost.
 */
export class GivenUpError extends ExpectedError {
  override readonly name = "GivenUpError";
  readonly retryable = false;
  readonly address: Address;
  /** What the tree ended with; its causes lead down to the leaf. */
  readonly failure: Failure;
  /** The turn of the root in which it was given up. */
  readonly at: TurnPlace;
  /** The newest turn of the tree before anything was decided about that failure; undefined where the journal has it no more. */
  readonly before: TurnPlace | undefined;

  constructor(address: Address, { failure, at, before }: Pick<GivenUpError, "failure" | "at" | "before">) {
    const where = at.position === undefined ? `turn ${at.seq} of ${at.address}` : `position ${at.position} of the journal`;
    const why = describeFailure(causeChain(failure).at(-1)!);
    const remedies = [
      ...(before === undefined
        ? []
        : [`mend that, and go on where it was: orgtree rollback FILE ${address} --to ${before.address}@${before.seq}`]),
      `go back to a checkpoint: orgtree rollback FILE ${address}`,
      "begin afresh: system.start(spec, { fresh: true })",
    ];
    super(`${address} was given up (${where}) because of ${why}; what is stored of it is kept: ${remedies.join("; or ")}`);
    this.address = address;
    this.failure = failure;
    this.at = at;
    this.before = before;
  }

  override get failureClass(): FailureClass {
    return this.failure.class;
  }

  override get failureKind(): string {
    return "given-up";
  }
}
