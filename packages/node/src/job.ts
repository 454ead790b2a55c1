import type { Failure } from "@orgtree/core";

/** What a cluster is asked to do. */
export interface JobRequest {
  /** Who knows the id asks twice for the same job: it is its idempotency key. 1 to 64 letters, digits, `_` and `-`. */
  readonly id: string;
  /** `run`: an organization works on a task, and the job ends with it. `actor`: an actor lives until it ends. */
  readonly kind: "run" | "actor";
  /** Which organization, or which actor, of those that the nodes know. */
  readonly what: string;
  /** The task of a run, and on what; the input of an actor. Plain data. */
  readonly input: unknown;
}

/** A job as its desk knows it. */
export interface Job extends JobRequest {
  readonly status: "running" | "done" | "failed" | "cancelled";
  /** Milliseconds since 1970. */
  readonly submittedMs: number;
  readonly endedMs?: number | undefined;
  /** What it came to. */
  readonly output?: unknown;
  readonly failure?: Failure | undefined;
}

/** How a job ended, as whoever does it says. */
export type JobEnd =
  | { readonly status: "done"; readonly output?: unknown }
  | { readonly status: "failed"; readonly failure: Failure; readonly output?: unknown }
  | { readonly status: "cancelled"; readonly output?: unknown };
