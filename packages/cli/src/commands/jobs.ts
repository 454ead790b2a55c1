import { clusterOptions, clusterParagraph, jsonOption, waitOption } from "../cluster/cluster-options.ts";
import type { Command } from "../input/command.ts";

/** Lists the jobs of a cluster. */
export const jobs: Command = {
  name: "jobs",
  usage: "[options]",
  summary: "Lists the jobs of a cluster, the newest first.",
  operands: { name: "operand", least: 0, most: 0 },
  details: ["A partition remembers the newest 1,000 of its jobs that have ended.", clusterParagraph],
  options: [{ name: "running", text: "Only those that have not ended." }, ...clusterOptions, waitOption, jsonOption],
  load: async () => (await import("../cluster/list-jobs.ts")).listJobs,
};
