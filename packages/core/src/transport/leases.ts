import { ExpectedError } from "../errors.ts";

/** A record of who has what. */
export interface LeaseRecord {
  readonly key: string;
  /** Greater with every change of any record. */
  readonly revision: number;
  /** Plain data, as JSON knows it. */
  readonly value: unknown;
}

/**
 * The port of leases: few small records that processes share, each changed by compare-and-set only.
 *
 * What is stored is one sequence of changes; every call settles, within a time that the twin was made with. Twins: memory, with faults
 * (`@orgtree/cluster`); a bucket of NATS (`@orgtree/nats`). They pass one contract suite.
 */
export interface Leases {
  /**
   * Stores a value where the record still has this revision; 0: where there is none. Gives the new revision, or undefined when somebody
   * was faster. Rejects with `LeaseError`; with the outcome `unknown` the change may be stored, or still come to be.
   */
  put(key: string, value: unknown, revision: number): Promise<number | undefined>;
  /** The record as who leads the store knows it. Rejects with `LeaseError`. */
  read(key: string): Promise<LeaseRecord | undefined>;
  /** Removes a record that still has this revision; false when somebody was faster. Rejects as `put` does. */
  remove(key: string, revision: number): Promise<boolean>;
  /**
   * Hears of all records, then `complete`, then of what changes, in its order; of several changes to one record perhaps only of the newest.
   * Where it can hear nothing any more it says `lost`, and begins anew by itself: a record of which it has not said anything by the next
   * `complete` is gone. What it gives back stops it.
   */
  watch(listener: (event: LeaseEvent) => void): () => void;
}

/** What a watch hears. */
export type LeaseEvent =
  | { readonly type: "stored"; readonly record: LeaseRecord }
  | { readonly type: "removed"; readonly key: string; readonly revision: number }
  | { readonly type: "complete" }
  | { readonly type: "lost" };

/** Leases cannot be read or changed just now, or by this process. The message names the remedy. */
export class LeaseError extends ExpectedError {
  override readonly name = "LeaseError";
  readonly retryable: boolean;
  /** Where the records are, as people know it. */
  readonly store: string;
  /** What became of the change: nothing of it is stored, or nobody knows. */
  readonly outcome: "not-done" | "unknown";

  constructor(
    store: string,
    problem: string,
    facts: { readonly retryable?: boolean; readonly outcome?: "not-done" | "unknown"; readonly cause?: unknown } = {},
  ) {
    super(`leases in ${store}: ${problem}`, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.store = store;
    this.retryable = facts.retryable ?? true;
    this.outcome = facts.outcome ?? "not-done";
  }
}
