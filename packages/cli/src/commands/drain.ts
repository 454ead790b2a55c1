import { clusterOptions, clusterParagraph, jsonOption } from "../cluster/cluster-options.ts";
import type { Command } from "../input/command.ts";

/** Has a node leave. */
export const drain: Command = {
  name: "drain",
  usage: "NODE [options]",
  summary: "Has a node of a cluster hand over what it hosts, in order, and leave.",
  operands: { name: "NODE", least: 1, most: 1 },
  details: [
    "NODE is the name or the id of one that orgtree nodes lists. Its process ends when it has left.",
    "Exit codes: 0 it has left; 1 it has not, within the time, and goes on leaving; 2 there is no such node, or it does not answer.",
    clusterParagraph,
  ],
  options: [...clusterOptions, { name: "wait", value: "SECONDS", text: "How long to wait until it has left. Default 90." }, jsonOption],
  load: async () => (await import("../cluster/drain-node.ts")).drainNode,
};
