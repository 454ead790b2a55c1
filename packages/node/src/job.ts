import { checkSegment, checkStorable, type Failure, SpecError } from "@orgtree/core";

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

/** A job without what it was given and what it came to: lists are made of these. */
export type JobSummary = Omit<Job, "input" | "output" | "failure">;

/** How a job ended, as whoever does it says. */
export type JobEnd =
  | { readonly status: "done"; readonly output?: unknown }
  | { readonly status: "failed"; readonly failure: Failure; readonly output?: unknown }
  | { readonly status: "cancelled"; readonly output?: unknown };

/** Levels of nesting of an input: where it is stored, more is around it. */
const inputLevels = 400;

/** Throws `SpecError` for what is no job, and `NotStorableError` for an input that cannot be kept. */
export function checkJob({ id, kind, what, input }: JobRequest): void {
  try {
    checkSegment(id);
  } catch (error) {
    throw new SpecError("id", (error as Error).message);
  }
  if (kind !== "run" && kind !== "actor") throw new SpecError("kind", `"run" or "actor", not ${String(kind)}`);
  if (typeof what !== "string") throw new SpecError("what", "the name of an organization, or of an actor");
  checkStorable(input, "the input", inputLevels);
}
