import type { JobPast } from "@orgtree/node";
import { resolve } from "node:path";
import type { JournalReader } from "orgtree";
import { JournalDamagedError, openSqliteJournalReader } from "orgtree/journal";
import { unknownJob } from "../cluster/job-errors.ts";
import { withCluster } from "../cluster/with-cluster.ts";
import { valueOf } from "../input/command.ts";
import { UsageError } from "../input/usage-error.ts";
import type { Surroundings } from "../surroundings.ts";
import type { PastSource } from "./past-source.ts";

/**
 * Opens a past to look at it, beside its writer where one lives, and closes it when the work is done. Rejects with `JournalError`,
 * and with `UsageError` where it is damaged (a wrong picture would be worse than none), or where nothing is stored of a job.
 */
export async function withPast<T>(
  source: PastSource,
  surroundings: Surroundings,
  work: (journal: JournalReader, kind: JobPast["kind"]) => Promise<T>,
): Promise<T> {
  // Whoever closes the pipe early, as `head` does, has read enough: that is no fault.
  surroundings.catchInterrupts();
  const { file, input } = source;
  if (file === undefined) {
    const id = valueOf(input, "job")!;
    return withCluster(input, surroundings, async (cluster) => {
      const past = await cluster.past(id);
      if (past === undefined) throw unknownJob(id);
      return work(past.journal, past.kind);
    });
  }
  try {
    await using journal = openSqliteJournalReader(resolve(surroundings.cwd, file));
    return await work(journal, "run");
  } catch (error) {
    if (!(error instanceof JournalDamagedError)) throw error;
    throw new UsageError(error.message, `see \`${surroundings.program} journal verify ${file}\``);
  }
}

/** For what is of runs only; throws `UsageError` for an actor. */
export function checkIsRun({ input }: PastSource, kind: JobPast["kind"]): void {
  if (kind === "run") return;
  const problem = `${valueOf(input, "job")} is an actor, and what is stored of it is not to be had without that of the others in its partition`;
  throw new UsageError(problem, "history, show and diff look at it");
}
