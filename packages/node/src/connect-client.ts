import { type ChannelLimits, type PartitionCounts, listPartitions, WireTransport } from "@orgtree/cluster";
import type { Clock, Logger, Random } from "@orgtree/core";
import { type NatsLink, NatsWire } from "@orgtree/nats";
import { createActorSystem, systemClock, systemRandom } from "@orgtree/runtime";
import { ClusterClient } from "./cluster-client.ts";
import { DeskLooks } from "./desk-looks.ts";
import { endpointsOf, isPartition } from "./cluster-node.ts";

/** How to speak to a cluster. */
export interface ConnectOptions {
  /** Stays open when the client is closed. */
  readonly link: NatsLink;
  readonly namespace: string;
  readonly partitions: PartitionCounts;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
  readonly logger: Logger;
  readonly channels?: Partial<ChannelLimits> | undefined;
  readonly callMs?: number | undefined;
  /** What its endpoint begins with: as what it may send, where a server knows its users. Default `client`. */
  readonly as?: string | undefined;
}

/** A client of a cluster, and how it is closed. */
export interface ConnectedClient extends AsyncDisposable {
  readonly client: ClusterClient;
}

/** Makes a system that hosts nothing, at an endpoint of its own, to speak to those that do. */
export function connectClient(options: ConnectOptions): ConnectedClient {
  const { link, namespace, partitions, clock = systemClock, random = systemRandom, logger, channels, callMs, as = "client" } = options;
  const wire = new NatsWire(link, { namespace });
  const endpoint = `${as}-${Math.floor(random.next() * 2 ** 48).toString(36)}`;
  const endpointOf = endpointsOf(partitions);
  const outlives = (at: string): boolean => isPartition(partitions, at);
  const transport = new WireTransport({ wire, clock, random, logger, endpoint, endpointOf, outlives, limits: channels });
  const system = createActorSystem({ clock, random, logger, transport });
  const endpoints = listPartitions(partitions).map((partition) => partition.endpoint);
  return {
    client: new ClusterClient({ system, clock, endpoints, endpointOf, callMs, looks: new DeskLooks({ link, namespace }) }),
    async [Symbol.asyncDispose]() {
      await system.close();
      wire.close();
    },
  };
}
