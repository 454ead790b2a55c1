/** How a run begins, goes on and ends in a journal. */
import type { Failure } from "@orgtree/core";
import type { Organization } from "@orgtree/org";
import { systemClock } from "@orgtree/runtime";
import { OtherRunError } from "./other-run.ts";
import { readRunLog, writeRunLog, type RunLog } from "./run-log.ts";
import { noPast, readRunPast, type RunPast } from "./run-past.ts";
import type { RunOptions, RunResult } from "./run.ts";

type Place = Pick<RunOptions, "journal" | "clock" | "signal">;

/** The run in a journal. Rejects with `OtherRunError` when it is another organization's. */
export async function findRun(journal: Parameters<typeof readRunLog>[0], organization: string): Promise<RunLog | undefined> {
  const log = await readRunLog(journal);
  if (log !== undefined && log.organization !== organization)
    throw new OtherRunError(`the journal is of a run of ${log.organization}, not of ${organization}`);
  return log;
}

/**
 * Stores how a run ended, unless it was only interrupted, or may go on in another program. Where the journal is out of reach it waits for it, until
 * the signal aborts: whoever goes on with the run then comes to the same end.
 */
export async function finishRun(
  organization: string,
  result: NonNullable<RunLog["result"]>,
  { journal, clock = systemClock, signal }: Place,
): Promise<void> {
  if (journal === undefined || !isFinal(result)) return;
  await writeRunLog({ journal, clock, organization }, { type: "finish", result }, signal);
}

/** A program that cannot go on with what is stored leaves it to one that can. */
export function isFinal(result: RunResult): boolean {
  if (result.status !== "failed") return result.status === "done";
  for (let failure: Failure | undefined = result.failure; failure !== undefined; failure = failure.cause)
    if (parking.has(failure.name ?? "")) return false;
  return true;
}

const parking: ReadonlySet<string> = new Set(["LogicChangedError", "TreeParkedError", "JournalFencedError"]);

/** What was done before, where the run was begun. Whoever goes on says so in the log. */
export async function enterRun(
  organization: Pick<Organization, "name">,
  task: string,
  { journal, clock = systemClock, signal }: Place,
): Promise<RunPast> {
  if (journal === undefined) return noPast;
  const log = await findRun(journal, organization.name);
  if (log?.task !== undefined && log.task !== task) throw new OtherRunError("the journal is of a run with another task");
  const past = log?.task === undefined ? noPast : await readRunPast(journal);
  await writeRunLog({ journal, clock, organization: organization.name }, { type: "enter", task }, signal);
  return past;
}
