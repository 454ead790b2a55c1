import { clusterOptions, clusterParagraph, waitOption } from "../cluster/cluster-options.ts";
import type { Command } from "../input/command.ts";

/** Tells how a job of a cluster goes. */
export const follow: Command = {
  name: "follow",
  usage: "ID [options]",
  summary: "Tells what happens in a job of a cluster, until it has ended.",
  operands: { name: "ID", least: 1, most: 1 },
  details: [
    "The story is told from its beginning, with the node that does each part of it: it goes on where another node goes on with the job. Ctrl-C ends the telling, not the job, and says how to see the rest.",
    "Exit codes: 0 the job is done; 1 it failed, or was cancelled; 2 there is no such job, or the cluster cannot be reached; 130 interrupted.",
    clusterParagraph,
  ],
  options: [
    { name: "after", value: "POSITION", text: "Leaves out what was told before: up to this position." },
    ...clusterOptions,
    waitOption,
    { name: "json", text: "What happens as JSON, one object a line, each with its position; the last is the end." },
  ],
  load: async () => (await import("../cluster/follow-job.ts")).followJob,
};
