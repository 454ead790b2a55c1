/** What the records of a namespace hold, and under which keys: `node.<id>`, `part.<endpoint>`, and `meta`. */
import type { Endpoint } from "@orgtree/core";

/** What a process says of itself. */
export interface NodeFacts {
  /** The host it runs on, for people. */
  readonly host: string;
  readonly pid: number;
  /** Of its program, for people. */
  readonly version: string;
}

/**
 * The lease of a node. `draining`: it takes nothing and hands over what it has. `buried`: others found it dead, and whatever still runs of it
 * has lost everything; this is final, since the id of a node is never used again.
 */
export interface NodeLease extends NodeFacts {
  readonly state: "live" | "draining" | "buried";
  readonly pools: readonly string[];
  /** When it joined, in milliseconds since 1970. */
  readonly since: number;
  /** Counts its renewals. */
  readonly beat: number;
  /** When it began the newest of them, by its own clock, in milliseconds since 1970: for people. */
  readonly beatMs: number;
  /** Who buried it. */
  readonly by?: string | undefined;
}

/** Who hosts a partition. The revision of this record is the epoch. */
export interface PartitionLease {
  /** Undefined: nobody. */
  readonly node?: string | undefined;
  /** Whom it was given up for. */
  readonly next?: string | undefined;
}

const nodePrefix = "node.";
const partitionPrefix = "part.";

export function nodeKey(id: string): string {
  return nodePrefix + id;
}

export function partitionKey(endpoint: Endpoint): string {
  return partitionPrefix + endpoint;
}

/** Whose record it is. */
export function subjectOf(
  key: string,
): { readonly type: "node"; readonly id: string } | { readonly type: "partition"; readonly endpoint: Endpoint } | undefined {
  if (key.startsWith(nodePrefix)) return { type: "node", id: key.slice(nodePrefix.length) };
  if (key.startsWith(partitionPrefix)) return { type: "partition", endpoint: key.slice(partitionPrefix.length) };
  return undefined;
}

/** A lease as it was stored. What cannot be read is a node without pools: nothing is placed on it, and it can be buried. */
export function readNode(value: unknown): NodeLease {
  const { state, pools, host, pid, version, since, beat, beatMs, by } = objectOf(value);
  return {
    state: state === "draining" || state === "buried" ? state : "live",
    pools: Array.isArray(pools) ? pools.filter((pool) => typeof pool === "string") : [],
    host: textOf(host),
    pid: numberOf(pid),
    version: textOf(version),
    since: numberOf(since),
    beat: numberOf(beat),
    beatMs: numberOf(beatMs),
    ...(typeof by === "string" ? { by } : {}),
  };
}

/** What was stored of a partition. What cannot be read is a partition that nobody has. */
export function readPartition(value: unknown): PartitionLease {
  const { node, next } = objectOf(value);
  return { ...(typeof node === "string" ? { node } : {}), ...(typeof next === "string" ? { next } : {}) };
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "?";
}

function numberOf(value: unknown): number {
  return typeof value === "number" ? value : 0;
}
