/** What a run was started with, made again from its journal: for `replay`, which computes all turns once more. */
import type { ChildSpec, ModelClient, JournalReader } from "@orgtree/core";
import { buildRun, RunRecord, type Organization } from "@orgtree/org";
import type { Logic } from "@orgtree/runtime";
import { findRun } from "./durable-run.ts";
import { OtherRunError } from "./other-run.ts";
import { runLogSpec } from "./run-log.ts";
import { readRunPast } from "./run-past.ts";

/** The run whose specs are wanted. */
export interface StoredRun<E> {
  readonly journal: JournalReader;
  /** What the organization works on, or something that looks like it: its tools and its contract are made of it, and not used. */
  readonly environment?: E;
}

/**
 * What a run was started with at the top, for `replay`: the organization as it is now, the task and the record as they are stored. No model
 * answers, no tool is called, no check is executed.
 *
 * Rejects with `OtherRunError` when the journal has no run of this organization, `SpecError` when it cannot be built any more,
 * `JournalError`, `UnreadableTurnError`.
 *
 * @example
 * const report = await replay(journal, await specsOfRun(desk, { journal }));
 */
export async function specsOfRun<E>(
  organization: Organization<E>,
  { journal, environment }: StoredRun<E>,
): Promise<readonly ChildSpec<Logic>[]> {
  const { name } = organization;
  const log = await findRun(journal, name);
  if (log === undefined) throw new OtherRunError(`the journal is of no run of ${name}`);
  if (log.task === undefined) return [runLogSpec(log)];
  const record = new RunRecord();
  record.restore((await readRunPast(journal)).entries);
  const tree = buildRun({ organization, task: log.task, environment: environment as E, model: nobody, record, address: `/${name}` });
  return [runLogSpec(log), tree.spec];
}

const nobody: ModelClient = {
  provider: "none",
  model: "none",
  worstCase: () => ({ tokens: 0, usd: 0 }),
  complete: () => Promise.reject(new Error("nothing is asked when a run is computed again")),
};
