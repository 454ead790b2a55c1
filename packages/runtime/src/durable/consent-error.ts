import { ExpectedError, type Address, type FailureClass, type LaterEffect, type RollbackReport } from "@orgtree/core";

/** A rollback would leave something standing that cannot be taken back. Nothing has happened. */
export class ConsentError extends ExpectedError {
  override readonly name = "ConsentError";
  readonly retryable = false;
  readonly address: Address;
  readonly standing: readonly LaterEffect[];
  /** What would be delivered again, and lead to the same once more: how many, and the first of them. */
  readonly again: Pick<RollbackReport, "redelivered" | "messages">;

  constructor(
    address: Address,
    standing: readonly LaterEffect[],
    { redelivered, messages }: Pick<RollbackReport, "redelivered" | "messages">,
  ) {
    const some = standing.slice(0, 3).map(({ key, kind }) => `${kind} ${key}`);
    const more = standing.length > some.length ? ` and ${standing.length - some.length} more` : "";
    const again = redelivered === 0 ? "" : `, and deliver again what came from outside since: ${namesOf(messages, redelivered)}`;
    super(`a rollback of ${address} would leave standing: ${some.join(", ")}${more}${again}; ask for it with consent`);
    this.address = address;
    this.standing = standing;
    this.again = { redelivered, messages };
  }

  override get failureClass(): FailureClass {
    return "crash";
  }
}

function namesOf(messages: RollbackReport["messages"], count: number): string {
  const some = messages.slice(0, 3).map(({ type, from }) => `${type ?? "a message"}${from === undefined ? "" : ` of ${from}`}`);
  return `${some.join(", ")}${count > some.length ? ` and ${count - some.length} more` : ""}`;
}

/** True for what somebody has to answer for: not for answers, questions and what only looked. */
export function needsConsent({ kind, does }: LaterEffect): boolean {
  return does !== "pure" && kind !== "reply" && kind !== "refuse" && kind !== "ask" && kind !== "emit";
}
