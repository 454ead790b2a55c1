import { askNodes, type ActorRow, type Answers, type ConnectedCluster, type TreePage } from "@orgtree/node";
import { exitCode, type ExitCode } from "../exit-code.ts";
import { valueOf, type CommandInput } from "../input/command.ts";
import { UsageError } from "../input/usage-error.ts";
import { parseWhole } from "../input/whole-number.ts";
import type { Surroundings } from "../surroundings.ts";
import { printResult } from "../text/print-result.ts";
import { actorLines } from "./actor-text.ts";
import { findNode, presentNodes } from "./find-node.ts";
import { unknownJob } from "./job-errors.ts";
import { joinBranches } from "./join-branches.ts";
import { withCluster } from "./with-cluster.ts";

/** Actors that are asked of each node when nobody says how many. */
export const defaultActors = 1_000;

/** An actor, and the node where it is. */
export interface SeenActor extends ActorRow {
  readonly node: string;
}

/** Carries out `orgtree ps`. */
export function listActors(input: CommandInput, surroundings: Surroundings): Promise<ExitCode> {
  const limit = parseWhole(valueOf(input, "limit") ?? String(defaultActors), "--limit", 1);
  return withCluster(input, surroundings, async (cluster) => {
    const job = input.operands[0];
    if (job !== undefined) await checkRunning(cluster, job);
    const asked = await ask(cluster, { job, limit, all: input.flags.has("all"), node: valueOf(input, "node") });
    const rows = asked.answers.flatMap(({ node, answer }) => answer.rows.map((row): SeenActor => ({ node, ...row })));
    const actors = joinBranches(rows, (partition) => cluster.view.owners.get(partition));
    const left = asked.answers.reduce((sum, { answer }) => sum + answer.total - answer.rows.length, 0);
    const { stdout } = surroundings;
    printResult(surroundings, input.flags, {
      json: () => ({ actors, left, silent: asked.silent }),
      lines: () => actorLines({ actors, left, silent: asked.silent }, stdout.size()?.columns),
    });
    return asked.silent.length === 0 ? exitCode.done : exitCode.failed;
  });
}

async function checkRunning({ jobs }: ConnectedCluster, id: string): Promise<void> {
  const job = await jobs.get(id);
  if (job === undefined) throw unknownJob(id);
  if (job.status !== "running")
    throw new UsageError(`${id} does not run any more: it is ${job.status}`, `orgtree job ${id} tells what it came to`);
}

interface Wanted {
  readonly job: string | undefined;
  readonly node: string | undefined;
  readonly all: boolean;
  readonly limit: number;
}

async function ask({ view, nodes }: ConnectedCluster, { node, ...query }: Wanted): Promise<Answers<TreePage>> {
  const present = node === undefined ? presentNodes(view) : [findNode(view, node)];
  if (present.length === 0) throw new UsageError("no node is up", "start one: orgtree node FILE");
  return askNodes(
    present.map(({ id }) => id),
    (id) => nodes.tree(id, query),
  );
}
