import { describeFailure, ExpectedError, JournalError, rootAddress, toFailure, type Address, type Failure } from "@orgtree/core";
import type { TurnRecord, TurnStore } from "../durable/turn-store.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { Timer } from "../time/timer-queue.ts";

/**
 * Why a turn was not committed. `refused`: somebody else owns the actor. `failed`: it cannot be stored. Of both nothing
 * happened. `unknown`: the system ended while the store was at it, and it may be stored or not.
 */
export interface Uncommitted {
  readonly kind: "refused" | "failed" | "unknown";
  readonly failure: Failure;
}

/** Milliseconds to the second attempt; the waits then double up to the longest. */
const firstRetryMs = 20;
const longestRetryMs = 1_000;

/**
 * A record on its way into the journal. A store that is out of reach is tried again for as long as it takes: an actor that failed for it
 * would lose the state that the store still has, and the decision about it could not be stored either. Each time that `commitMs` has
 * passed it is told; a system that is to end waits no longer than that.
 */
export class PendingCommit {
  readonly #kernel: Kernel;
  readonly #store: TurnStore;
  readonly #record: TurnRecord;
  #done: ((failed: Uncommitted | undefined) => void) | undefined;
  #deadline: Timer;
  readonly #sinceMs: number;
  #retry: Timer | undefined;
  #lastError: unknown;
  /** Of some attempt nobody knows what became of it. */
  #isUnknown = false;

  /** Begins at once; `done` is called once, later, with nothing when the record is committed. */
  constructor(kernel: Kernel, record: TurnRecord, done: (failed: Uncommitted | undefined) => void) {
    this.#kernel = kernel;
    this.#store = kernel.store!;
    this.#record = record;
    this.#done = done;
    this.#sinceMs = kernel.clock.nowMs();
    this.#deadline = kernel.timers.set(kernel.commitMs, () => this.#late());
    this.#attempt(firstRetryMs);
  }

  /** Nobody waits any more; whether the record is stored, nobody here will know. */
  abandon(): void {
    this.#settle(undefined, false);
  }

  #attempt(retryMs: number): void {
    this.#retry = undefined;
    // Begun inside a promise, so that a commit which throws at once fails like any other.
    new Promise<void>((resolve) => resolve(this.#store.store(this.#record))).then(
      () => this.#settle(undefined),
      (error: unknown) => this.#failed(error, retryMs),
    );
  }

  #failed(error: unknown, retryMs: number): void {
    if (this.#done === undefined) return;
    const { address } = this.#record;
    if (error instanceof ExpectedError && error.failureClass === "fenced") {
      // What ends here now goes on elsewhere: nobody there is told of an end.
      this.#kernel.remote?.silence();
      const message = "the commit of its turn was refused";
      return this.#settle({ kind: "refused", failure: failureOf(address, { class: "fenced", name: "CommitRefused", message }, error) });
    }
    this.#lastError = error;
    if (error instanceof JournalError && error.outcome === "unknown") this.#isUnknown = true;
    if (error instanceof ExpectedError && !error.retryable) return this.#refused();
    this.#kernel.logger.warn({ err: error, address, retryMs }, "a turn could not be stored; it is tried again");
    this.#retry = this.#kernel.timers.set(retryMs, () => this.#attempt(Math.min(2 * retryMs, longestRetryMs)));
  }

  /** Trying again would not help, the root neither: it ends, and with it everything, as somebody has to look. */
  #refused(): void {
    // Whoever opens the store next goes on with what is in it: elsewhere nobody is told of an end.
    if (this.#record.address === rootAddress) this.#kernel.remote?.silence();
    this.#settle({ kind: "failed", failure: this.#failure("NotStored") });
  }

  #late(): void {
    const { clock, commitMs, leaving, timers } = this.#kernel;
    const isUnknown = this.#isUnknown || this.#retry === undefined;
    if (leaving) return this.#settle({ kind: isUnknown ? "unknown" : "failed", failure: this.#failure("CommitTimeout") });
    const { address } = this.#record;
    const waitedMs = clock.nowMs() - this.#sinceMs;
    this.#kernel.logger.error({ err: this.#lastError, address, waitedMs }, "a turn still waits to be stored");
    this.#kernel.notify({ type: "commit-late", address, waitedMs, atMs: clock.epochMs() });
    this.#deadline = timers.set(commitMs, () => this.#late());
  }

  #failure(name: "NotStored" | "CommitTimeout"): Failure {
    const what = name === "NotStored" ? "cannot be stored" : `could not be stored within ${this.#kernel.commitMs} ms (commitMs)`;
    const why = this.#lastError === undefined ? "" : `: ${describeFailure(toFailure(this.#lastError))}`;
    const isForbidden = this.#lastError instanceof ExpectedError && this.#lastError.failureClass === "role-violation";
    const failureClass = name === "CommitTimeout" ? "timeout" : isForbidden ? "role-violation" : "crash";
    const failure = { class: failureClass, kind: "commit", name, message: `its turn ${what}${why}` } as const;
    return failureOf(this.#record.address, failure, this.#lastError);
  }

  #settle(failed: Uncommitted | undefined, tells = true): void {
    const done = this.#done;
    if (done === undefined) return;
    this.#done = undefined;
    const { timers } = this.#kernel;
    timers.cancel(this.#deadline);
    if (this.#retry !== undefined) timers.cancel(this.#retry);
    if (!tells) return;
    try {
      done(failed);
    } catch (error) {
      // On nobody's stack but ours: it would end the process.
      this.#kernel.cells.get(this.#record.address)?.crashed(error);
    }
  }
}

function failureOf(address: Address, failure: Failure, cause: unknown): Failure {
  return { ...failure, address, cause: cause === undefined ? undefined : toFailure(cause) };
}
