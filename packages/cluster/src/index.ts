export { MemoryNetwork, type MemoryNetworkOptions, type MemoryWire, type Passage } from "./memory/memory-network.ts";
export {
  type LeaseCall,
  type LeasePassage,
  type MemoryLeases,
  MemoryLeaseStore,
  type MemoryLeaseStoreOptions,
} from "./memory/memory-leases.ts";
export type { ChannelLimits } from "./channel/limits.ts";
export { decodePacket, encodePacket, type Packet } from "./channel/packet.ts";
export { LocalFirstWire } from "./channel/local-first-wire.ts";
export { WireTransport, type TransportCounts, type WireTransportOptions } from "./channel/wire-transport.ts";
export { ClusterError, type ClusterProblem } from "./ownership/cluster-error.ts";
export type { EndReason } from "./ownership/decide.ts";
export type { OwnershipLimits } from "./ownership/limits.ts";
export { Ownership, type OwnershipEvent, type OwnershipOptions } from "./ownership/ownership.ts";
export type { BeginOptions, PartitionHost } from "./ownership/partition-host.ts";
export {
  checkPartitions,
  defaultPartitions,
  listPartitions,
  mainPool,
  type Partition,
  type PartitionCounts,
  partitionOf,
  placementOf,
} from "./ownership/partition-of.ts";
export { comparePartitions, readPartitions } from "./ownership/namespace-record.ts";
export { type MemberView, type NamespaceView, viewNamespace, watchNamespace } from "./ownership/namespace-view.ts";
export type { NodeFacts, NodeLease } from "./ownership/records.ts";
