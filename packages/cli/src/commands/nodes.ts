import { clusterOptions, clusterParagraph, jsonOption, waitOption } from "../cluster/cluster-options.ts";
import type { Command } from "../input/command.ts";

/** Lists the nodes of a cluster. */
export const nodes: Command = {
  name: "nodes",
  usage: "[options]",
  summary: "Lists the nodes of a cluster, and what each has.",
  operands: { name: "operand", least: 0, most: 0 },
  details: [
    "It reads the leases, so it tells also of nodes that do not answer. A node that others have found dead is shown for a while: whatever still runs of it has lost everything. Partitions that nobody hosts are named.",
    clusterParagraph,
  ],
  options: [...clusterOptions, waitOption, jsonOption],
  load: async () => (await import("../cluster/list-nodes.ts")).listNodes,
};
