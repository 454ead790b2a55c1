import {
  checkCount,
  checkLeast,
  type Backoff,
  backoffMs,
  type Clock,
  type Logger,
  makeBackoff,
  type ModelCallOptions,
  type ModelClient,
  ModelError,
  type ModelRequest,
  type ModelResponse,
  type Random,
} from "@orgtree/core";

import { pause } from "./pause.ts";

/** How a failed call is tried again. */
export interface RetryOptions {
  /** Attempts after the first. At least 0. Default 2. */
  readonly maxRetries?: number | undefined;
  /** Longest time of the whole call in milliseconds, waits included. Default 240,000. */
  readonly deadlineMs?: number | undefined;
  /** The waits where the server names none. Default 500 ms, doubled each time up to 8 s, and up to 20 % more. */
  readonly backoff?: Partial<Backoff> | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger?: Logger | undefined;
  /** Hears of every retry before its wait. */
  readonly onRetry?: ((retry: Retry) => void) | undefined;
}

/** A call is about to be tried again. */
export interface Retry {
  /** The attempt that failed, counted from 1. */
  readonly attempt: number;
  readonly delayMs: number;
  readonly error: ModelError;
}

/**
 * Tries a client's retryable failures again, as often and as long as the options allow.
 *
 * A server's `retryAfterMs` is kept, though never beyond the deadline: a call that could only be repeated too late fails at
 * once, with the last error. `onText` hears one attempt only, the first that says anything, so that no text comes twice; the
 * response is what counts. `worstCase` and the usage of the response are those of one attempt: what a lost one cost is not
 * known here. Whoever pays gives a `meter` with the call, and hears of every attempt.
 */
export function withRetries(client: ModelClient, options: RetryOptions): ModelClient {
  checkCount(options.maxRetries ?? 2, 0, "maxRetries");
  checkLeast(options.deadlineMs ?? defaultDeadlineMs, 1, "deadlineMs");
  return {
    provider: client.provider,
    model: client.model,
    isPriced: client.isPriced,
    resume: client.resume?.bind(client),
    worstCase: (request) => client.worstCase(request),
    complete: (request, call = {}) => completeWithRetries(client, options, { request, call }),
  };
}

const defaultDeadlineMs = 240_000;

interface Asked {
  readonly request: ModelRequest;
  readonly call: ModelCallOptions;
}

async function completeWithRetries(client: ModelClient, options: RetryOptions, { request, call }: Asked): Promise<ModelResponse> {
  const { clock } = options;
  const deadlineMs = options.deadlineMs ?? defaultDeadlineMs;
  const dueMs = clock.nowMs() + deadlineMs;
  const deadline = new AbortController();
  const cancel = clock.setTimer(deadlineMs, () => {
    deadline.abort(new ModelError("timeout", `no answer within ${deadlineMs} ms, retries included; raise deadlineMs`));
  });
  const signal = call.signal ? AbortSignal.any([call.signal, deadline.signal]) : deadline.signal;
  const listener = makeListener(call.onText);
  const { meter } = call;
  try {
    for (let attempt = 1; ; attempt += 1) {
      try {
        meter?.begin();
        const metered: ModelCallOptions = { signal, onText: listener.ofAttempt(attempt), meter };
        return await client.complete(request, metered);
      } catch (thrown) {
        signal.throwIfAborted();
        if (!(thrown instanceof ModelError) || !thrown.retryable) throw thrown;
        meter?.fail(thrown);
        const delayMs = decideDelay(options, { attempt, error: thrown, leftMs: dueMs - clock.nowMs() });
        if (delayMs === undefined) throw thrown;
        announce(client, options, { attempt, delayMs, error: thrown });
        await pause(clock, delayMs, signal);
      }
    }
  } finally {
    cancel();
  }
}

interface FailedAttempt {
  readonly attempt: number;
  readonly error: ModelError;
  readonly leftMs: number;
}

/** How long to wait before the next attempt; nothing if there is to be none. */
function decideDelay(options: RetryOptions, { attempt, error, leftMs }: FailedAttempt): number | undefined {
  if (attempt > (options.maxRetries ?? 2)) return undefined;
  const backoff = makeBackoff({ minMs: 500, maxMs: 8_000, ...options.backoff });
  const delayMs = Math.round(Math.max(error.retryAfterMs ?? 0, backoffMs(backoff, attempt, options.random)));
  return delayMs < leftMs ? delayMs : undefined;
}

function announce(client: ModelClient, { logger, onRetry }: RetryOptions, retry: Retry): void {
  const { attempt, delayMs, error } = retry;
  const facts = { provider: client.provider, model: client.model, kind: error.kind, status: error.status, attempt, delayMs };
  logger?.warn(facts, `model call failed, tried again after the delay: ${error.message}`);
  onRetry?.(retry);
}

function makeListener(onText: ModelCallOptions["onText"]): { ofAttempt(attempt: number): ModelCallOptions["onText"] } {
  let speaker: number | undefined;
  return {
    ofAttempt(attempt) {
      return (
        onText &&
        ((text) => {
          speaker ??= attempt;
          if (speaker === attempt) onText(text);
        })
      );
    },
  };
}
