import { clusterOptions, clusterParagraph, jsonOption, waitOption } from "../cluster/cluster-options.ts";
import type { Command } from "../input/command.ts";

/** Ends a job of a cluster. */
export const cancel: Command = {
  name: "cancel",
  usage: "ID [options]",
  summary: "Ends a job of a cluster, in order.",
  operands: { name: "ID", least: 1, most: 1 },
  details: [
    "That it is to end is stored first; then the command waits until it has ended.",
    "Exit codes: 0 it has ended; 1 it has not, within the time: it is told to; 2 there is no such job, or the cluster cannot be reached.",
    clusterParagraph,
  ],
  options: [...clusterOptions, waitOption, jsonOption],
  load: async () => (await import("../cluster/cancel-job.ts")).cancelJob,
};
