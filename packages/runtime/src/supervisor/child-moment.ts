import { FailureError, type ChildRow, type Exit, type PastChild } from "@orgtree/core";

/** A child that runs, as a later process is to know it before its specification is there. */
export function pastOf({ restarts, stamps, history, birth }: ChildRow): PastChild {
  return { status: "running", restarts, stamps, history, verdict: undefined, birth };
}

/** Why a supervisor did not start. */
export function startError(exit: Exit): FailureError {
  if (exit.kind === "failure" || exit.kind === "escalated") return new FailureError(exit.failure);
  return new FailureError({ class: "crash", message: `it ended while it started (${exit.kind})` });
}
