export { MemoryNetwork, type MemoryNetworkOptions, type MemoryWire, type Passage } from "./memory/memory-network.ts";
export type { ChannelLimits } from "./channel/limits.ts";
export { WireTransport, type TransportCounts, type WireTransportOptions } from "./channel/wire-transport.ts";
