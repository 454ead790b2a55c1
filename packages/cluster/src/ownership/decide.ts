import type { Endpoint } from "@orgtree/core";
import { place } from "./placement.ts";
import { type Partition } from "./partition-of.ts";
import type { SeenNode, View } from "./view.ts";

/** What a node does about records and about what it hosts. */
export type Action =
  /** Somebody is dead: nothing that it stores counts any more. Revision 0: there is no lease of it. */
  | { readonly type: "bury"; readonly node: string; readonly revision: number }
  /** A grave that nothing names any more. */
  | { readonly type: "forget"; readonly node: string; readonly revision: number }
  | { readonly type: "claim"; readonly partition: Endpoint; readonly revision: number }
  | { readonly type: "begin"; readonly partition: Endpoint; readonly epoch: number }
  | { readonly type: "end"; readonly partition: Endpoint; readonly why: EndReason; readonly inOrder: boolean }
  | { readonly type: "release"; readonly partition: Endpoint; readonly revision: number; readonly next: string | undefined };

/**
 * Why a node ends a partition. `moved`: another node is to have it. `drained`, `closed`: this node leaves. `replaced`: another node has
 * taken it. `buried`: others found this node dead. `alone`: this node has not reached the leases for too long.
 */
export type EndReason = "moved" | "drained" | "closed" | "replaced" | "buried" | "alone";

/** What a node does with a partition. */
export interface Holding {
  /** `busy`: something is under way, and nothing else may begin. */
  readonly phase: "idle" | "busy" | "hosting";
  /** The epoch that is hosted. */
  readonly epoch: number;
  /** The newest epoch that must not begin: it has been hosted, or was given up. */
  readonly spent: number;
  /** Nothing is tried before. */
  readonly retryAtMs: number;
}

/** What a node decides by. */
export interface Situation {
  readonly me: string;
  /**
   * `member`: as usual. `suspended`: its lease is not fresh enough to begin anything. `drained`, `closed`: it leaves. `buried`, `alone`: it
   * has lost what it hosts, or has to believe so.
   */
  readonly standing: "member" | "suspended" | "drained" | "closed" | "buried" | "alone";
  readonly view: View;
  readonly partitions: readonly Partition[];
  readonly holding: (partition: Endpoint) => Holding;
  /** Silence after which a node is dead. */
  readonly leaseMs: number;
}

/** A grave is kept until nobody can have a use for it. */
const graveLeases = 20;

/** What a node is to do now, by itself: everything that is stored is stored by compare-and-set, so others may decide otherwise meanwhile. */
export function decide(situation: Situation, nowMs: number): readonly Action[] {
  const { me, standing, view, partitions, leaseMs } = situation;
  const live = liveNodes(situation);
  const wanted = wantedHosts(situation, live);
  const actions = partitions.flatMap(({ endpoint }) => decidePartition(situation, { endpoint, wanted: wanted.get(endpoint), nowMs }));
  if (standing !== "member") return actions;
  for (const node of view.nodes.values()) {
    if (node.id !== me && isDead(node, leaseMs)) actions.push({ type: "bury", node: node.id, revision: node.revision });
  }
  const owners = new Set(Array.from(view.partitions.values(), ({ node }) => node));
  // Who owns something and has no lease may have one that this node has not seen: it is dead when there is a grave.
  for (const owner of owners) if (owner !== undefined && !view.nodes.has(owner)) actions.push({ type: "bury", node: owner, revision: 0 });
  for (const { id, revision, lease, seenAtMs } of view.nodes.values()) {
    if (lease.state !== "buried" || owners.has(id) || nowMs - seenAtMs < graveLeases * leaseMs) continue;
    // One is enough.
    if (live.map((node) => node.id).toSorted()[0] === me) actions.push({ type: "forget", node: id, revision });
  }
  return actions;
}

/** Whether a node is dead, as this one sees it. */
export function isDead({ lease, silentMs }: SeenNode, leaseMs: number): boolean {
  return lease.state !== "buried" && silentMs >= leaseMs;
}

/** Who can be given something. */
function liveNodes({ view, leaseMs, me }: Situation): readonly SeenNode[] {
  return Array.from(view.nodes.values()).filter((node) => node.lease.state === "live" && (node.id === me || !isDead(node, leaseMs)));
}

function wantedHosts({ view, partitions }: Situation, live: readonly SeenNode[]): ReadonlyMap<Endpoint, string> {
  const byPool = Map.groupBy(partitions, ({ pool }) => pool);
  const hostOf = (endpoint: Endpoint): string | undefined => {
    const record = view.partitions.get(endpoint);
    return record?.node ?? record?.next;
  };
  const wanted = new Map<Endpoint, string>();
  for (const [pool, members] of byPool) {
    const nodes = live.filter(({ lease }) => lease.pools.includes(pool)).map(({ id }) => id);
    const endpoints = members.map(({ endpoint }) => endpoint);
    for (const [endpoint, node] of place(endpoints, nodes, hostOf)) wanted.set(endpoint, node);
  }
  return wanted;
}

interface Asked {
  readonly endpoint: Endpoint;
  readonly wanted: string | undefined;
  readonly nowMs: number;
}

function decidePartition(situation: Situation, { endpoint, wanted, nowMs }: Asked): Action[] {
  const { me, standing, view, holding } = situation;
  const { phase, epoch, spent, retryAtMs } = holding(endpoint);
  const record = view.partitions.get(endpoint);
  if (phase === "busy") return [];
  if (phase === "hosting") {
    const end = endOf(situation, {
      isOurs: record?.node === me && record.revision === epoch,
      isWanted: wanted === me || wanted === undefined,
    });
    return end === undefined ? [] : [{ type: "end", partition: endpoint, ...end }];
  }
  if (nowMs < retryAtMs || standing === "buried" || standing === "alone" || standing === "suspended") return [];
  const isLeaving = standing !== "member";
  if (record?.node === me) {
    if (isLeaving || wanted !== me) return [{ type: "release", partition: endpoint, revision: record.revision, next: wanted }];
    // A claim that was stored late. What was hosted once, or was to be given up, begins under a new epoch.
    if (record.revision > spent) return [{ type: "begin", partition: endpoint, epoch: record.revision }];
    return [{ type: "claim", partition: endpoint, revision: record.revision }];
  }
  const isFree = record?.node === undefined || view.nodes.get(record.node)?.lease.state === "buried";
  return isFree && !isLeaving && wanted === me ? [{ type: "claim", partition: endpoint, revision: record?.revision ?? 0 }] : [];
}

function endOf(
  { standing }: Situation,
  { isOurs, isWanted }: { readonly isOurs: boolean; readonly isWanted: boolean },
): { readonly why: EndReason; readonly inOrder: boolean } | undefined {
  if (standing === "buried" || standing === "alone") return { why: standing, inOrder: false };
  if (!isOurs) return { why: "replaced", inOrder: false };
  if (standing === "drained" || standing === "closed") return { why: standing, inOrder: standing === "drained" };
  return standing === "member" && !isWanted ? { why: "moved", inOrder: true } : undefined;
}
