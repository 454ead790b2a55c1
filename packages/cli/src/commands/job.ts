import { clusterOptions, clusterParagraph, jsonOption, waitOption } from "../cluster/cluster-options.ts";
import type { Command } from "../input/command.ts";

/** Tells of one job of a cluster. */
export const job: Command = {
  name: "job",
  usage: "ID [options]",
  summary: "Tells what became of a job of a cluster.",
  operands: { name: "ID", least: 1, most: 1 },
  details: [
    "Who did what in it, what failed and what was decided, and what it came to. orgtree follow ID tells how it came to that, orgtree ps ID who works on it just now.",
    clusterParagraph,
  ],
  options: [
    { name: "patch", value: "FILE", text: "Writes the patch there that the job has made of its repository; overwritten." },
    ...clusterOptions,
    waitOption,
    jsonOption,
  ],
  load: async () => (await import("../cluster/show-job.ts")).showJob,
};
