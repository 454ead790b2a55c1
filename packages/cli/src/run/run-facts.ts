/** What a run has to know to go on in another process, as its journal keeps it. */
import { fileURLToPath, pathToFileURL } from "node:url";
import { UsageError } from "../input/usage-error.ts";
import type { RunPlan, Work } from "./run-plan.ts";

/** Plain data. */
export interface RunFacts {
  readonly version: 1;
  /** Whose directory it is: the run of the journal. */
  readonly run: string;
  readonly task: string;
  readonly work: Exclude<Work, { kind: "bundled" }> | { readonly kind: "bundled"; readonly files: string; readonly check: string };
  /** A script plays the model. */
  readonly isScripted: boolean;
  /** The directory with everything temporary of the run. */
  readonly directory: string;
  /** Where the patch goes, as a whole path. */
  readonly out: string | undefined;
}

/** The facts of a run that is about to begin. */
export function factsOf({ task, work, isScripted }: RunPlan, place: Pick<RunFacts, "directory" | "out" | "run">): RunFacts {
  const stored = work.kind === "bundled" ? { ...work, files: fileURLToPath(work.files) } : work;
  return { version: 1, task, work: stored, isScripted, ...place };
}

/** Reads facts back; throws `UsageError` for those of another program. */
export function readFacts(facts: unknown, journal: string): RunFacts {
  if ((facts as Partial<RunFacts> | undefined)?.version === 1) return facts as RunFacts;
  throw new UsageError(`${journal} was not begun by \`orgtree run\``, "go on with the program that began it");
}

/** What the run works on. */
export function workOf({ work }: RunFacts): Work {
  return work.kind === "bundled" ? { ...work, files: pathToFileURL(work.files.endsWith("/") ? work.files : `${work.files}/`) } : work;
}
