import type { CheckOutcome, RecordEntry, ResumedRun, RunOptions, SystemEvent } from "orgtree";
import type { RepositoryWork, RunPlan } from "../run/run-plan.ts";

/** What is known when a run begins. */
export interface RunStart {
  /** What the check said before any work, where there is one. */
  readonly before: CheckOutcome | undefined;
  /** The top of the private copy of the repository, where there is one. */
  readonly copy: string | undefined;
  /** Where the patch of an earlier run is now, where there was one. */
  readonly previous: string | undefined;
  /** Where the run is stored, where it is. */
  readonly journal: string | undefined;
}

/** How a run is followed: a picture that moves, lines, or JSON. */
export interface Progress {
  /** The repository is about to be copied and checked, which may take its time and may be refused. */
  readonly prepare: (work: RepositoryWork) => void;
  /** The first actor is there. */
  readonly begin: (plan: RunPlan, start: RunStart) => void;
  /** It goes on: this was done by the processes before. */
  readonly resumed: (past: ResumedRun) => void;
  readonly onStart: NonNullable<RunOptions["onStart"]>;
  readonly onEvent: (event: SystemEvent) => void;
  readonly onEntry: (entry: RecordEntry) => void;
  /** The first Ctrl-C: the run is stopped in order. */
  readonly interrupted: () => void;
  /** Nothing moves on the screen any more; what follows may be printed. A second call does nothing. */
  readonly end: () => void;
}
