export { type ContractLeases, type ContractStore, leasesContract } from "./leases-contract.ts";
export { type ContractNetwork, type ContractWire, wireContract } from "./wire-contract.ts";
