import { PermissionViolationError } from "@nats-io/transport-node";
import { ExpectedError, type FailureClass } from "@orgtree/core";

/** Why NATS cannot be used, as somebody can act on it. */
export type NatsProblem = "unreachable" | "server-too-old" | "not-permitted" | "settings";

/** A connection could not be made, or cannot be used. The message names the remedy. */
export class NatsError extends ExpectedError {
  override readonly name = "NatsError";
  readonly problem: NatsProblem;
  readonly retryable: boolean;

  constructor(problem: NatsProblem, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.problem = problem;
    this.retryable = problem === "unreachable";
  }

  /** Whoever tried what its user may not fails as of what its charter forbids; a wrong password is no such thing. */
  override get failureClass(): FailureClass {
    return this.cause instanceof PermissionViolationError ? "role-violation" : "crash";
  }
}
