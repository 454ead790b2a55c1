import { ExpectedError, type Address, type FailureClass, type LaterEffect } from "@orgtree/core";

/** A rollback would leave something standing that cannot be taken back. Nothing has happened. */
export class ConsentError extends ExpectedError {
  override readonly name = "ConsentError";
  readonly retryable = false;
  readonly address: Address;
  readonly standing: readonly LaterEffect[];

  constructor(address: Address, standing: readonly LaterEffect[]) {
    const some = standing.slice(0, 3).map(({ key, kind }) => `${kind} ${key}`);
    const more = standing.length > some.length ? ` and ${standing.length - some.length} more` : "";
    super(`a rollback of ${address} would leave standing: ${some.join(", ")}${more}; ask for it with consent`);
    this.address = address;
    this.standing = standing;
  }

  override get failureClass(): FailureClass {
    return "crash";
  }
}

/** True for what somebody has to answer for: not for answers, questions and what only looked. */
export function needsConsent({ kind, does }: LaterEffect): boolean {
  return does !== "pure" && kind !== "reply" && kind !== "refuse" && kind !== "ask" && kind !== "emit";
}
