import { partitionOf, type PartitionCounts } from "@orgtree/cluster";
import type { Address, Endpoint } from "@orgtree/core";
import { deskEndpoint } from "./desk.ts";

/** Which endpoint has an address, in a namespace with these partitions. */
export function endpointsOf(partitions: PartitionCounts): (address: Address) => Endpoint {
  return (address) => deskEndpoint(address) ?? partitionOf(address, { partitions });
}

/** True for the endpoint of a partition: another process goes on with what is there. */
export function isPartition(partitions: PartitionCounts, endpoint: Endpoint): boolean {
  const at = endpoint.lastIndexOf("-");
  return Object.hasOwn(partitions, endpoint.slice(0, at)) && /^\d+$/.test(endpoint.slice(at + 1));
}
