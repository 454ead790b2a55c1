import { FailureError, type Exit } from "@orgtree/core";

/** Why a supervisor did not start. */
export function startError(exit: Exit): FailureError {
  if (exit.kind === "failure" || exit.kind === "escalated") return new FailureError(exit.failure);
  return new FailureError({ class: "crash", message: `it ended while it started (${exit.kind})` });
}
