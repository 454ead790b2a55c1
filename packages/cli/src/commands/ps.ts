import { clusterOptions, clusterParagraph, jsonOption, waitOption } from "../cluster/cluster-options.ts";
import type { Command } from "../input/command.ts";

/** Shows who lives in a cluster. */
export const ps: Command = {
  name: "ps",
  usage: "[ID] [options]",
  summary: "Shows who lives in a cluster, or in one job: state, last turn, mailbox, restarts, what was spent.",
  operands: { name: "ID", least: 0, most: 1 },
  details: [
    "Each node is asked for the trees that stand there. Those that do not answer in time are named, and the exit code is 1 then. The last turn of an actor that waits for a model or a tool was when it began to wait.",
    clusterParagraph,
  ],
  options: [
    { name: "node", value: "NODE", text: "Only what is at this node, by its name or its id." },
    { name: "all", text: "The cluster's own actors as well: the roots, the desks that take jobs, the logs of runs." },
    { name: "limit", value: "N", text: "How many actors to ask each node for. Default 1,000." },
    ...clusterOptions,
    waitOption,
    jsonOption,
  ],
  load: async () => (await import("../cluster/list-actors.ts")).listActors,
};
