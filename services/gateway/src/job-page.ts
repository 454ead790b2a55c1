import type { JobSummary } from "@orgtree/node";
import { Problem } from "./problem.ts";

/** A page of a list, and where the next one begins. */
export interface JobPage {
  readonly jobs: readonly JobSummary[];
  readonly next?: string;
}

/** So many of the jobs, the newest first, behind a cursor. Jobs that come meanwhile shift nothing. Throws a `Problem` for what is no cursor. */
export function pageOf(
  jobs: readonly JobSummary[],
  { limit, cursor }: { readonly limit: number; readonly cursor: string | undefined },
): JobPage {
  const behind = cursor === undefined ? undefined : readCursor(cursor);
  const sorted = jobs.toSorted(compare).filter((job) => behind === undefined || compare(job, behind) > 0);
  const page = sorted.slice(0, limit);
  const last = page.at(-1);
  return { jobs: page, ...(last !== undefined && sorted.length > limit && { next: writeCursor(last) }) };
}

type Place = Pick<JobSummary, "submittedMs" | "id">;

function compare(one: Place, other: Place): number {
  return other.submittedMs - one.submittedMs || (one.id < other.id ? -1 : one.id > other.id ? 1 : 0);
}

function writeCursor({ submittedMs, id }: Place): string {
  return `${submittedMs}.${id}`;
}

function readCursor(cursor: string): Place {
  const [, submittedMs, id] = /^(\d{1,16})\.([A-Za-z0-9_-]{1,64})$/.exec(cursor) ?? [];
  if (submittedMs === undefined || id === undefined)
    throw new Problem("invalid-request", "cursor: this is none; give the `next` of the page before, or none for the first page");
  return { submittedMs: Number(submittedMs), id };
}
