import { clusterOptions, clusterParagraph, jsonOption, waitOption } from "../cluster/cluster-options.ts";
import type { Command } from "../input/command.ts";

/** Lists messages that were lost in a cluster. */
export const deadLettersList: Command = {
  name: "dead-letters list",
  usage: "[options]",
  summary: "Lists the messages that were lost at the nodes of a cluster, and why.",
  operands: { name: "operand", least: 0, most: 0 },
  details: [
    "Each node counts them since it started, by reason, and keeps the newest 1,000. Nodes that do not answer are named, and the exit code is 1 then.",
    clusterParagraph,
  ],
  options: [{ name: "last", value: "N", text: "The newest N of each node. Default 20." }, ...clusterOptions, waitOption, jsonOption],
  load: async () => (await import("../cluster/dead-letters.ts")).listDeadLetters,
};
