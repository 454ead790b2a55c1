import { describeFailure, maxCauseDepth, type Failure } from "@orgtree/core";

/**
 * One line about why something failed, for people: the class, the place and the message of the failure that began it. What
 * supervisors say above it, that they gave up, is left out.
 *
 * @example
 * if (result.status === "failed") console.error(describeCause(result.failure));
 */
export function describeCause(failure: Failure): string {
  return describeFailure(tellingFailure(failure));
}

/**
 * The failure in a chain that tells most: the leaf that began it. An error that nobody classified, below one that somebody
 * did, is left out: that a model call failed with `model-error/auth` tells more than that a library threw.
 */
export function tellingFailure(failure: Failure): Failure {
  let telling = failure;
  for (let depth = 0; telling.cause !== undefined && depth < maxCauseDepth; depth++) {
    if (telling.cause.class === "crash" && telling.class !== "crash") break;
    telling = telling.cause;
  }
  return telling;
}
