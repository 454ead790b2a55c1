import type { ConnectedCluster, JobPast } from "@orgtree/node";
import type { Journal } from "orgtree/journal";
import { unknownJob } from "../cluster/job-errors.ts";
import { withCluster } from "../cluster/with-cluster.ts";
import { valueOf } from "../input/command.ts";
import { UsageError } from "../input/usage-error.ts";
import { takeOverOption } from "../journal/open-to-write.ts";
import type { Surroundings } from "../surroundings.ts";
import { checkIsRun } from "./past-journal.ts";
import type { PastSource } from "./past-source.ts";

/**
 * Opens the run of a job for writing where no node hosts it, and closes it when the work is done. A node that comes meanwhile takes the journal: then nothing
 * more is stored by hand. Rejects with `UsageError` where one hosts it, or may, and `JournalError`.
 */
export function withTakenRun<T>(source: PastSource, surroundings: Surroundings, work: (journal: Journal) => Promise<T>): Promise<T> {
  const { input } = source;
  return withCluster(input, surroundings, async (cluster) => {
    const id = valueOf(input, "job")!;
    const past = await cluster.past(id);
    if (past === undefined) throw unknownJob(id);
    checkIsRun(source, past.kind);
    await checkIsFree(cluster, past, { id, mayTakeOver: input.flags.has(takeOverOption.name) });
    await using taken = await cluster.takePast(id);
    return await work(taken.journal);
  });
}

/** What runs has its state in its process: what is stored beside it would not be seen there. */
async function checkIsFree(
  { view, nodes }: ConnectedCluster,
  { endpoint }: JobPast,
  { id, mayTakeOver }: { readonly id: string; readonly mayTakeOver: boolean },
): Promise<void> {
  const owner = view.owners.get(endpoint);
  const member = view.nodes.find((node) => node.id === owner);
  if (owner === undefined || member === undefined || member.state === "buried") return;
  const problem = `${owner} hosts ${endpoint}, and with it ${id}`;
  const answers = await nodes.letters(owner, 0).then(
    () => true,
    () => false,
  );
  if (answers)
    throw new UsageError(
      problem,
      `drain the nodes of its pool first, or fork it: what is put back by hand is of a run that nobody works on`,
    );
  if (!mayTakeOver)
    throw new UsageError(`${problem}, as its lease says, and does not answer`, "if it is over, take the journal from it with --take-over");
}
