import { ExpectedError } from "@orgtree/core";

/**
 * Why a process cannot take part in a cluster. `version`, `partitions`: others made the namespace differently. `unknown-pool`: an address
 * names a pool that the namespace does not have. `unavailable`: the leases cannot be reached.
 */
export type ClusterProblem = "version" | "partitions" | "unknown-pool" | "unavailable";

/** A process cannot take part in a cluster, or an address has no place in it. The message names the remedy. */
export class ClusterError extends ExpectedError {
  override readonly name = "ClusterError";
  readonly problem: ClusterProblem;
  readonly retryable: boolean;

  constructor(problem: ClusterProblem, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.problem = problem;
    this.retryable = problem === "unavailable";
  }
}
