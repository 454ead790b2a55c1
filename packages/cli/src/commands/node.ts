import { clusterOptions, clusterParagraph } from "../cluster/cluster-options.ts";
import type { Command } from "../input/command.ts";

/** Takes part in a cluster. */
export const node: Command = {
  name: "node",
  usage: "FILE… [options]",
  summary: "Starts a node of a cluster, which hosts what the FILEs export.",
  operands: { name: "FILE", least: 1, most: 100 },
  details: [
    "Each FILE exports an organization as its default, or `actors`, or both; all nodes of a cluster are given the same. The node joins the others of its namespace, takes its share of the partitions, and runs what is submitted to them. Ctrl-C, SIGTERM and orgtree drain make it hand over what it hosts, in order, and leave; a second Ctrl-C ends it at once, and others go on with what it had when its lease has ended.",
    "The model is that of OPENAI_API_KEY, OPENAI_BASE_URL and OPENAI_MODEL. Without a key, or with --scripted, the scripts play the models that the FILEs bring along in their `demo`.",
    "The first node makes the namespace; its partitions cannot be changed later. The servers need JetStream.",
    clusterParagraph,
  ],
  options: [
    ...clusterOptions,
    { name: "name", value: "NAME", text: "What people call the node. Default ORGTREE_NODE, or the name of the host." },
    {
      name: "partitions",
      value: "POOL=N",
      text: "The partitions of the namespace, as main=16,gpu=4. Default ORGTREE_PARTITIONS, or main=16.",
    },
    {
      name: "pools",
      value: "POOLS",
      text: "The pools of which it takes partitions, with commas between them. Default ORGTREE_POOLS, or main.",
    },
    { name: "replicas", value: "N", text: "On how many servers everything is stored. Default ORGTREE_REPLICAS, or 1." },
    { name: "port", value: "PORT", text: "Serves /healthz, /readyz and /metrics. Default PORT, or not at all." },
    { name: "host", value: "ADDRESS", text: "With a port: where. Default HOST, or 127.0.0.1." },
    { name: "scripted", text: "Plays the scripts of the FILEs, even when there is a key." },
    { name: "json", text: "What happens as JSON, one object a line." },
  ],
  load: async () => (await import("../cluster/run-node.ts")).runNode,
};
