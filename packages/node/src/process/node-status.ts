import type { NatsLink } from "@orgtree/nats";
import type { ClusterNode } from "../cluster-node.ts";
import type { Metric } from "./exposition.ts";
import type { Status } from "./status-server.ts";

/** What a node tells of itself. */
export function nodeStatus(node: ClusterNode, link: NatsLink): Status {
  const { ownership, partitions } = node;
  return {
    problem() {
      if (!link.isConnected) return "the connection to NATS is lost";
      return ownership.mayBegin() ? undefined : "the lease of this node does not hold";
    },
    metrics: () => [
      gauge("orgtree_nats_connected", "1 while the connection to NATS is there.", link.isConnected ? 1 : 0),
      gauge("orgtree_lease_holds", "1 while this node may begin effects.", ownership.mayBegin() ? 1 : 0),
      gauge("orgtree_partitions", "Partitions that this node hosts.", partitions.size),
      perPartition("orgtree_actors", "Actors, supervisors included.", ({ system }) => system.open.actors),
      perPartition("orgtree_runs", "Runs under way.", ({ runs }) => runs.length),
      counters("orgtree_refused_total", "What came and was not taken, and what was sent and not let through.", ["reason", node.refusals]),
      counters("orgtree_nats_refused_total", "What the NATS server did not permit to this user.", [
        "operation",
        Object.entries(link.refusals),
      ]),
    ],
  };

  function perPartition(name: string, help: string, count: (partition: PartitionOf) => number): Metric {
    const values = Array.from(partitions, ([endpoint, partition]) => ({ labels: { partition: endpoint }, value: count(partition) }));
    return { name, help, type: "gauge", values };
  }
}

function counters(name: string, help: string, [label, counts]: readonly [string, Iterable<readonly [string, number]>]): Metric {
  return { name, help, type: "counter", values: Array.from(counts, ([of, value]) => ({ labels: { [label]: of }, value })) };
}

type PartitionOf = ClusterNode["partitions"] extends ReadonlyMap<string, infer P> ? P : never;

function gauge(name: string, help: string, value: number): Metric {
  return { name, help, type: "gauge", values: [{ value }] };
}
