import { SpecError } from "@orgtree/core";

/** How long things may take, in milliseconds. All nodes of a namespace must have the same `leaseMs`. */
export interface OwnershipLimits {
  /** Silence after which a node is dead. It renews every third of it, and begins nothing when two thirds have passed. Default 3,000. */
  readonly leaseMs: number;
  /** A node that could not renew for so long ends what it hosts: it is alone. Default 30,000, longer than a broker takes to recover. */
  readonly giveUpMs: number;
  /** How long a partition may take to begin. Default 120,000. */
  readonly beginMs: number;
  /** How long a partition may take to end; in order, then once more at once. Default 30,000. */
  readonly endMs: number;
  /** How long a start waits for the leases. Default 30,000. */
  readonly startMs: number;
  /** How long a node that leaves tries to hand over. Default 60,000. */
  readonly drainMs: number;
  /** Until a partition that did not begin is tried again; twice as long each time, up to `mostRetryMs`. Default 500. */
  readonly retryMs: number;
  /** Default 30,000. */
  readonly mostRetryMs: number;
}

const defaults: OwnershipLimits = {
  leaseMs: 3_000,
  giveUpMs: 30_000,
  beginMs: 120_000,
  endMs: 30_000,
  startMs: 30_000,
  drainMs: 60_000,
  retryMs: 500,
  mostRetryMs: 30_000,
};

/** The limits with their defaults. Throws `SpecError` for what is no number of at least 1. */
export function ownershipLimits(limits: Partial<OwnershipLimits> = {}): OwnershipLimits {
  const all = { ...defaults, ...limits };
  for (const [name, value] of Object.entries(all)) {
    if (!(Number.isFinite(value) && value >= 1)) throw new SpecError(name, `a number of at least 1, not ${String(value)}`);
  }
  return all;
}

/** Until what the leases did not take is tried again: often enough to renew in time when they are back. */
export function retryOf({ leaseMs }: OwnershipLimits): number {
  return leaseMs / 12;
}
