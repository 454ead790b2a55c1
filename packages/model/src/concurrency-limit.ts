import { checkCount, checkLeast, type Clock, type ModelCallOptions, type ModelClient, ModelError } from "@orgtree/core";

/** How many calls may be under way and waiting. */
export interface ConcurrencyLimitOptions {
  /** Calls under way at once. At least 1. Default 8. */
  readonly maxConcurrent?: number | undefined;
  /** Calls that wait for one of them to end. At least 0. Default 100. */
  readonly maxQueue?: number | undefined;
  /** Longest wait of a call before it is sent, in milliseconds. At least 1. Default 60,000. */
  readonly maxWaitMs?: number | undefined;
  readonly clock: Clock;
}

/**
 * Lets a bounded number of calls through at once; a bounded number waits, first come, first served.
 *
 * What finds the queue full, or waits too long, fails with `ModelError` rate-limit and was never sent.
 */
export function rateLimited(client: ModelClient, options: ConcurrencyLimitOptions): ModelClient {
  const turnstile = new Turnstile({
    clock: options.clock,
    maxConcurrent: checkCount(options.maxConcurrent ?? 8, 1, "maxConcurrent"),
    maxQueue: checkCount(options.maxQueue ?? 100, 0, "maxQueue"),
    maxWaitMs: checkLeast(options.maxWaitMs ?? 60_000, 1, "maxWaitMs"),
  });
  return {
    provider: client.provider,
    model: client.model,
    isPriced: client.isPriced,
    resume: client.resume?.bind(client),
    worstCase: (request) => client.worstCase(request),
    async complete(request, call: ModelCallOptions = {}) {
      await turnstile.enter(call.signal);
      try {
        return await client.complete(request, call);
      } finally {
        turnstile.leave();
      }
    },
  };
}

interface Limits {
  readonly clock: Clock;
  readonly maxConcurrent: number;
  readonly maxQueue: number;
  readonly maxWaitMs: number;
}

class Turnstile {
  readonly #limits: Limits;
  /** Those who wait, the longest first; each is let in by calling it. A set, so that one can leave the queue from its middle. */
  readonly #waiting = new Set<() => void>();
  #inside = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  async enter(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    const { maxConcurrent, maxQueue } = this.#limits;
    if (this.#inside < maxConcurrent) {
      this.#inside += 1;
      return;
    }
    if (this.#waiting.size >= maxQueue) {
      throw new ModelError("rate-limit", `${maxConcurrent} model calls are under way and ${maxQueue} wait; call later, or raise maxQueue`);
    }
    await this.#wait(signal);
  }

  /** The place goes straight to the next in the queue, so that nobody can slip in between. */
  leave(): void {
    const [next] = this.#waiting;
    if (next) next();
    else this.#inside -= 1;
  }

  #wait(signal: AbortSignal | undefined): Promise<void> {
    const { clock, maxWaitMs } = this.#limits;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const giveUp = (): void => {
      stop();
      reject(signal?.reason);
    };
    const letIn = (): void => {
      stop();
      resolve();
    };
    const cancel = clock.setTimer(maxWaitMs, () => {
      stop();
      reject(new ModelError("rate-limit", `the call waited ${maxWaitMs} ms for a free place; raise maxConcurrent or maxWaitMs`));
    });
    const stop = (): void => {
      cancel();
      this.#waiting.delete(letIn);
      signal?.removeEventListener("abort", giveUp);
    };
    this.#waiting.add(letIn);
    signal?.addEventListener("abort", giveUp, { once: true });
    return promise;
  }
}
