import { type Address, type Endpoint, idOf, labelOf, parentAddress, SpecError, topOf } from "@orgtree/core";
import { ClusterError } from "./cluster-error.ts";
import { stableHash } from "./stable-hash.ts";

/** How many partitions each pool of a namespace has. Fixed when the namespace is made: an address would be looked for elsewhere. */
export type PartitionCounts = Readonly<Record<string, number>>;

/** A part of the organization that one process at a time hosts. */
export interface Partition {
  readonly endpoint: Endpoint;
  readonly pool: string;
}

/** The pool of what has no label. */
export const mainPool = "main";
export const defaultPartitions: PartitionCounts = { [mainPool]: 16 };
const mostPartitions = 1_024;

/**
 * The endpoint of the partition that an address lies in, such as `main-3`. What has the same placement root lies together.
 *
 * Throws `ClusterError` where its label names a pool that is not there.
 */
export function partitionOf(address: Address, { partitions }: { readonly partitions: PartitionCounts }): Endpoint {
  const { root, pool } = placementOf(address);
  const count = Object.hasOwn(partitions, pool) ? partitions[pool] : undefined;
  if (count !== undefined) return `${pool}-${stableHash(root) % count}`;
  const there = Object.keys(partitions).join(", ");
  throw new ClusterError(
    "unknown-pool",
    `${root} is to be in the pool "${pool}", and the namespace has ${there}: correct the label, or make a namespace with this pool`,
  );
}

/** The placement root of an address: its longest prefix that ends with a label, or else its top. */
export function placementOf(address: Address): { readonly root: Address; readonly pool: string } {
  for (let root: Address | undefined = address; root !== undefined; root = parentAddress(root)) {
    const pool = labelOf(idOf(root));
    if (pool !== undefined) return { root, pool };
  }
  return { root: topOf(address), pool: mainPool };
}

/** All partitions of a namespace, or of some of its pools. */
export function listPartitions(partitions: PartitionCounts, pools: readonly string[] = Object.keys(partitions)): readonly Partition[] {
  return pools.flatMap((pool) => Array.from({ length: partitions[pool] ?? 0 }, (_, n) => ({ endpoint: `${pool}-${n}`, pool })));
}

/** Checks pools and their counts. Throws `SpecError`. */
export function checkPartitions(partitions: PartitionCounts): PartitionCounts {
  const pools = Object.entries(partitions);
  if (pools.length === 0) throw new SpecError("partitions", "at least one pool, such as { main: 16 }");
  for (const [pool, count] of pools) {
    const isName = /^[A-Za-z0-9_-]{1,32}$/.test(pool);
    if (!isName) throw new SpecError("partitions", `a pool's name is 1 to 32 letters, digits, _ and -, not "${pool}"`);
    if (!Number.isInteger(count) || count < 1 || count > mostPartitions)
      throw new SpecError(`partitions.${pool}`, `an integer from 1 to ${mostPartitions}, not ${String(count)}`);
  }
  return partitions;
}
