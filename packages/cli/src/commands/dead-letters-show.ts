import { clusterOptions, clusterParagraph, jsonOption, waitOption } from "../cluster/cluster-options.ts";
import type { Command } from "../input/command.ts";

/** Shows a message that was lost in a cluster. */
export const deadLettersShow: Command = {
  name: "dead-letters show",
  usage: "NODE/N [options]",
  summary: "Shows one message that was lost in a cluster.",
  operands: { name: "NODE/N", least: 1, most: 1 },
  details: ["NODE/N is as orgtree dead-letters list has it.", clusterParagraph],
  options: [...clusterOptions, waitOption, jsonOption],
  load: async () => (await import("../cluster/dead-letters.ts")).showDeadLetter,
};
