import {
  describeFailure,
  ExpectedError,
  FencedError,
  JournalError,
  rootAddress,
  toFailure,
  type Address,
  type Failure,
} from "@orgtree/core";
import type { TurnRecord, TurnStore } from "../durable/turn-store.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { Timer } from "../time/timer-queue.ts";

/**
 * Why a turn was not committed. `refused`: somebody else owns the actor. `failed`: it could not be stored. Of both nothing
 * happened. `unknown`: the deadline came while the store was at it, and it may be stored or not.
 */
export interface Uncommitted {
  readonly kind: "refused" | "failed" | "unknown";
  readonly failure: Failure;
}

/** Milliseconds to the second attempt; the waits then double up to the longest. */
const firstRetryMs = 20;
const longestRetryMs = 1_000;

/**
 * A record on its way into the journal. A store that fails is tried again until the system's `commitMs` is over, so that a
 * short trouble of the disk or of the network fails nobody.
 */
export class PendingCommit {
  readonly #kernel: Kernel;
  readonly #store: TurnStore;
  readonly #record: TurnRecord;
  #done: ((failed: Uncommitted | undefined) => void) | undefined;
  #deadline: Timer;
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
    this.#deadline = kernel.timers.set(kernel.commitMs, () => this.#giveUp());
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
    if (error instanceof FencedError) {
      const message = "the commit of its turn was refused";
      return this.#settle({ kind: "refused", failure: failureOf(address, { class: "fenced", name: "CommitRefused", message }, error) });
    }
    this.#lastError = error;
    if (error instanceof JournalError && error.outcome === "unknown") this.#isUnknown = true;
    // Trying again would not help; whoever waits is told now, also where everything ends with the root.
    if (isForGood(error)) return this.#settle(this.#tooLate("failed"));
    this.#kernel.logger.warn({ err: error, address, retryMs }, "a turn could not be stored; it is tried again");
    this.#retry = this.#kernel.timers.set(retryMs, () => this.#attempt(Math.min(2 * retryMs, longestRetryMs)));
  }

  #giveUp(): void {
    // With the root everything would end. It waits for better times, until it is to end anyway.
    if (this.#record.address === rootAddress && !this.#kernel.leaving) {
      this.#deadline = this.#kernel.timers.set(this.#kernel.commitMs, () => this.#giveUp());
      return;
    }
    this.#settle(this.#tooLate(this.#retry === undefined ? "unknown" : "failed"));
  }

  #tooLate(kind: "failed" | "unknown"): Uncommitted {
    const why = this.#lastError === undefined ? "" : `: ${describeFailure(toFailure(this.#lastError))}`;
    const time = isForGood(this.#lastError) ? "" : ` within ${this.#kernel.commitMs} ms (commitMs)`;
    const message = `its turn could not be stored${time}${why}`;
    const failure = { class: "timeout", kind: "commit", name: "CommitTimeout", message } as const;
    return { kind: this.#isUnknown ? "unknown" : kind, failure: failureOf(this.#record.address, failure, this.#lastError) };
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

function isForGood(error: unknown): boolean {
  return error instanceof ExpectedError && !error.retryable;
}

function failureOf(address: Address, failure: Failure, cause: unknown): Failure {
  return { ...failure, address, cause: cause === undefined ? undefined : toFailure(cause) };
}
