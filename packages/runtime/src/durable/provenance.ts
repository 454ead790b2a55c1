import { FailureError, reviveError, toFailure, ExpectedError, type Failure } from "@orgtree/core";

/** What the message of a turn does not say by itself, and a replay has to know. Stored with the cause where there is any of it. */
export interface Provenance {
  /** The question that the message is; whoever sent it waits for an answer. */
  readonly askId?: number;
  /** Of a machine's own events: the way to the child that it came from, to the one that it was for, to the timer. */
  readonly source?: readonly string[];
  readonly target?: readonly string[];
  readonly timer?: readonly string[];
  /** Of the result of work: the key of the attempt that it came of. */
  readonly work?: string;
  /** What came, where the turn took what a child made of it. Without its value where that is the value of what was taken. */
  readonly event?: { readonly type: string };
  /** Of the error in the message, which comes back without its class. */
  readonly failure?: Failure;
}

/** What is stored of the error that a message has, where it is one of those that we know; undefined elsewhere. */
export function failureIn(message: unknown): Failure | undefined {
  const error = errorIn(message);
  if (!(error instanceof ExpectedError)) return undefined;
  const { stack: _stack, ...failure } = toFailure(error);
  return failure;
}

/** A message with its error as it was, as far as anybody knows. */
export function withErrorOf(message: unknown, failure: Failure | undefined): unknown {
  if (failure === undefined) return message;
  const error = errorIn(message) as Error;
  const revived = error.name === "FailureError" ? new FailureError(failure) : reviveError(failure, error.cause);
  return { ...(message as object), [placeOf(message)]: revived };
}

function errorIn(message: unknown): unknown {
  return typeof message === "object" && message !== null ? (message as Record<string, unknown>)[placeOf(message)] : undefined;
}

/** XState has the error of a promise in `data`, everybody else in `error`. */
function placeOf(message: unknown): "error" | "data" {
  return (message as { readonly type?: unknown }).type === "xstate.promise.reject" ? "data" : "error";
}
