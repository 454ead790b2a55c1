import { type Clock, type Endpoint, LeaseError, type Leases } from "@orgtree/core";
import { inTime } from "./deadline.ts";
import { readPartitions } from "./namespace-record.ts";
import type { PartitionCounts } from "./partition-of.ts";
import type { NodeLease } from "./records.ts";
import { View } from "./view.ts";

/** A node, as its lease tells of it. */
export interface MemberView extends NodeLease {
  readonly id: string;
  /** What it hosts. */
  readonly partitions: readonly Endpoint[];
}

/** Who takes part in a namespace, and who hosts what: for who only looks. */
export interface NamespaceView {
  readonly partitions: PartitionCounts;
  /** Those that were buried included, as long as their graves are there. In the order in which they joined. */
  readonly nodes: readonly MemberView[];
  readonly owners: ReadonlyMap<Endpoint, string>;
}

/** How to look. */
export interface LookOptions {
  readonly clock: Clock;
  /** How long it may take, in milliseconds. */
  readonly withinMs: number;
}

/** What the records say now; undefined where nobody has made the namespace. Rejects with `LeaseError`, `ClusterError`. */
export async function viewNamespace(leases: Leases, { clock, withinMs }: LookOptions): Promise<NamespaceView | undefined> {
  const partitions = await readPartitions(leases);
  if (partitions === undefined) return undefined;
  const { promise, resolve } = Promise.withResolvers<NamespaceView>();
  const stop = watchNamespace(leases, { clock, partitions, changed: resolve });
  const seen = await inTime(clock, withinMs, () => promise);
  stop();
  if (seen.type === "done") return seen.value;
  throw new LeaseError(
    "the namespace",
    `its records were not told within ${withinMs} ms: look at the permissions of this user, and try again`,
  );
}

/** Whose records are watched, and who hears of them. */
export interface WatchOptions {
  readonly clock: Clock;
  readonly partitions: PartitionCounts;
  readonly changed: (view: NamespaceView) => void;
}

/** Tells what the records say, and again after each change, until the function that it gives back is called. */
export function watchNamespace(leases: Leases, { clock, partitions, changed }: WatchOptions): () => void {
  const view = new View();
  return leases.watch((event) => {
    view.hear(event, clock.nowMs());
    if (view.isComplete) changed(shownView(view, partitions));
  });
}

function shownView(view: View, partitions: PartitionCounts): NamespaceView {
  const owners = new Map(Array.from(view.partitions).flatMap(([endpoint, { node }]) => (node === undefined ? [] : [[endpoint, node]])));
  const nodes = Array.from(view.nodes.values(), ({ id, lease }): MemberView => {
    const hosted = Array.from(owners).flatMap(([endpoint, node]) => (node === id ? [endpoint] : []));
    return { id, ...lease, partitions: hosted.sort(byNumber) };
  });
  return { partitions, owners, nodes: nodes.sort((one, other) => one.since - other.since) };
}

function byNumber(one: Endpoint, other: Endpoint): number {
  return one.localeCompare(other, "en", { numeric: true });
}
