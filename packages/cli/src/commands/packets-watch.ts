import { clusterOptions, clusterParagraph, waitOption } from "../cluster/cluster-options.ts";
import type { Command } from "../input/command.ts";

/** Shows what partitions send one another. */
export const packetsWatch: Command = {
  name: "packets watch",
  usage: "[options]",
  summary: "Prints the packets between the partitions of a cluster, and to them, as they pass.",
  operands: { name: "operand", least: 0, most: 0 },
  details: [
    "Of each packet: who sends it to whom, its kind, its channel, its number (seq), what its sender has heard of (heard), the name of the host that it is for, which begins with its epoch; then the parcels in it, each with its fields as JSON: messages, answers, acknowledgements (taken), ends of actors that are watched (down), and what is said of children elsewhere (order, news). What goes between partitions that the same node hosts is on no wire.",
    "Nothing is sent, and nothing is kept from anybody. A partition that nobody hosts is not listened to, since the servers tell at once that nobody is there, and would not while somebody listens. So, while this command runs, it takes a lease until it is known that a node has been killed, where others would have been told at once. What it prints is as confidential as the conversations of the agents.",
    "A user of orgtree server-config may not listen to others: it needs one who may subscribe to orgtree.NAMESPACE.w.>.",
    "Exit codes: 0 it has ended as it was told, also by Ctrl-C; 2 nothing can be listened to.",
    clusterParagraph,
  ],
  options: [
    { name: "at", value: "PARTITION", text: "Only what this one sends, or is sent, such as main-3." },
    { name: "all", text: "What is sent to clients and gateways too, and to partitions that nobody hosts." },
    { name: "limit", value: "N", text: "Ends after so many packets." },
    { name: "seconds", value: "N", text: "Ends after so many seconds." },
    ...clusterOptions,
    waitOption,
    { name: "json", text: "One object a line." },
  ],
  load: async () => (await import("../packets/watch-packets.ts")).watchPackets,
};
