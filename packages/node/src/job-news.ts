import type { RunNews } from "orgtree";

/** Which part of the story of a run. */
export interface NewsQuery {
  /** Behind this position; 0 for the beginning. */
  readonly after: number;
  /** Turns at most. At least 1. */
  readonly limit: number;
  /** How long to wait where there is nothing yet, in milliseconds. */
  readonly waitMs: number;
}

/** What one stored turn of a run says. `isShortened`: it was too large to be sent, and has not all of its texts or of its entries. */
export type JobNewsItem = RunNews & { readonly isShortened?: true };

/** A part of the story of a run. */
export interface RunNewsPage {
  readonly news: readonly JobNewsItem[];
  /** Nothing more comes from here: the run has ended, or goes on elsewhere. */
  readonly isOver: boolean;
}

/** The port of who tells what happens in the jobs of a cluster. A partition is one of its own jobs, `ClusterNews` of all. */
export interface JobNews {
  /** What is stored of a job behind a position. Rejects where it cannot be read now; it may be asked again. */
  news(id: string, query: NewsQuery): Promise<RunNewsPage>;
}
