import { type Clock, ModelError } from "@orgtree/core";

/** The limits of one attempt. */
export interface CallLimits {
  readonly clock: Clock;
  /** The attempt ends this long after it began. */
  readonly timeoutMs: number;
  /** The attempt ends when nothing was heard for this long. */
  readonly idleTimeoutMs?: number | undefined;
  /** The caller's own abort. */
  readonly signal?: AbortSignal | undefined;
}

/** The end of an attempt, by the caller or by the clock, as one signal. */
export interface CallDeadline {
  readonly signal: AbortSignal;
  /** The error once the clock ended the attempt. */
  readonly expired: ModelError | undefined;
  /** Something was heard: the idle time starts again. */
  progress(): void;
  /** Takes the timers and the listener away; to be called however the attempt ended. */
  close(): void;
}

/**
 * Starts the time of one attempt.
 *
 * The SDK has timers too, but on the wall clock of the process and only until the headers arrive.
 */
export function openCallDeadline(limits: CallLimits): CallDeadline {
  const { clock, timeoutMs, idleTimeoutMs, signal } = limits;
  const controller = new AbortController();
  let expired: ModelError | undefined;
  const cancelTotal = clock.setTimer(timeoutMs, () => {
    expire(`no whole answer within ${timeoutMs} ms; raise timeoutMs, or ask for less with maxOutputTokens`);
  });
  let cancelIdle = setIdleTimer();
  signal?.addEventListener("abort", abort, { once: true });
  if (signal?.aborted) abort();

  return {
    signal: controller.signal,
    get expired() {
      return expired;
    },
    progress() {
      cancelIdle?.();
      cancelIdle = setIdleTimer();
    },
    close,
  };

  function setIdleTimer(): (() => void) | undefined {
    if (idleTimeoutMs === undefined || controller.signal.aborted) return undefined;
    return clock.setTimer(idleTimeoutMs, () => {
      expire(`the model server was silent for ${idleTimeoutMs} ms; raise idleTimeoutMs if its model thinks that long`);
    });
  }

  function expire(message: string): void {
    expired = new ModelError("timeout", message);
    close();
    controller.abort(expired);
  }

  function abort(): void {
    close();
    controller.abort(signal?.reason);
  }

  function close(): void {
    cancelTotal();
    cancelIdle?.();
    signal?.removeEventListener("abort", abort);
  }
}
