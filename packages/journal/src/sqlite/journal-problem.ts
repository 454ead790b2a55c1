import {
  JournalCompactedError,
  type Address,
  JournalConflictError,
  JournalDamagedError,
  JournalError,
  JournalFencedError,
  JournalLockedError,
  JournalMovedError,
  JournalVersionError,
} from "@orgtree/core";
import { type Problem, problemOf } from "./problem.ts";

/** The error of the port that says what went wrong in the file. */
export function toJournalError(path: string, problem: Problem): JournalError {
  switch (problem.kind) {
    case "conflict":
      return new JournalConflictError(path, problem.address as Address, problem);
    case "fenced":
      return new JournalFencedError(path, problem);
    case "locked":
      return new JournalLockedError(path, problem.owner, problem.vitality === "hidden" ? "unknown" : problem.vitality);
    case "version":
      return new JournalVersionError(path, problem.problem);
    case "damaged":
      return new JournalDamagedError(path, problem.problem);
    case "moved":
      return new JournalMovedError(path, problem.problem, { outcome: "unknown" });
    case "compacted":
      return new JournalCompactedError(path, problem.position, problem.oldest);
    case "store":
      return new JournalError(path, problem.problem, problem);
    default:
      return problem satisfies never;
  }
}

/** Does `work`; what it throws becomes an error of the port. */
export function withJournalErrors<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof JournalError) throw error;
    throw toJournalError(path, problemOf(error));
  }
}
