import type { RecordEntry, RunOptions, SystemEvent } from "orgtree";
import type { RunPlan } from "./run-plan.ts";

/** How a run is followed: a picture that moves, lines, or JSON. */
export interface Progress {
  /** Before anything runs. */
  readonly begin: (plan: RunPlan) => void;
  readonly onStart: NonNullable<RunOptions["onStart"]>;
  readonly onEvent: (event: SystemEvent) => void;
  readonly onEntry: (entry: RecordEntry) => void;
  /** The first Ctrl-C: the run is stopped in order. */
  readonly interrupted: () => void;
  /** Nothing of the picture is left on the screen; what follows may be printed. A second call does nothing. */
  readonly end: () => void;
}
