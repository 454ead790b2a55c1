import { clusterOptions, clusterParagraph, jsonOption, waitOption } from "../cluster/cluster-options.ts";
import type { Command } from "../input/command.ts";

/** Sends a message again that was lost in a cluster. */
export const deadLettersRetry: Command = {
  name: "dead-letters retry",
  usage: "NODE/N [options]",
  summary: "Sends a message again that was lost in a cluster, and tells what became of it.",
  operands: { name: "NODE/N", least: 1, most: 1 },
  details: [
    "NODE/N is as orgtree dead-letters list has it. It is sent to whom it was for, from outside. A question is asked again, and the answer is told; who asked it first does not wait any more. What was lost within a run cannot be sent again: the run has done without it.",
    "Exit codes: 0 it was answered, or not lost again within a second; 1 it was lost again, or refused; 2 there is no such letter, or its node does not answer.",
    clusterParagraph,
  ],
  options: [...clusterOptions, waitOption, jsonOption],
  load: async () => (await import("../cluster/dead-letters.ts")).retryDeadLetter,
};
