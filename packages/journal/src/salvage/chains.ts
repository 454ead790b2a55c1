import type { Address } from "@orgtree/core";
import { kindOf } from "../sqlite/stored-content.ts";

/** What matters of an entry for those that build on it. */
export interface Link {
  readonly address: Address;
  readonly seq: number;
  readonly step: number;
  readonly kind: number;
  readonly position: number;
}

/** A part that has no whole to be a part of. */
export interface OrphanedPart {
  readonly position: number;
  readonly address: Address;
  readonly seq: number;
  /** The number before it that is not there; undefined when nothing is missing, and it was written so. */
  readonly missing: number | undefined;
}

/**
 * Follows the entries of each address, which must come in order, and names the parts that cannot be used: an entry before them is
 * missing, or there never was a whole.
 */
export function findOrphans(entries: Iterable<Link>): OrphanedPart[] {
  const states = new Map<Address, ChainState>();
  const orphans: OrphanedPart[] = [];
  for (const entry of entries) {
    const { address, seq, position } = entry;
    const before = states.get(address);
    const state = follow(before, entry);
    states.set(address, state);
    if (kindOf(entry.kind) === "part" && !state.usable) orphans.push({ position, address, seq, missing: state.missing });
  }
  return orphans;
}

interface ChainState {
  readonly seq: number;
  /** True while the entries lead back to a whole. */
  readonly usable: boolean;
  readonly missing: number | undefined;
}

function follow(before: ChainState | undefined, { seq, step, kind }: Link): ChainState {
  if (kindOf(kind) !== "part") return { seq, usable: kindOf(kind) === "whole", missing: undefined };
  const wanted = step === 0 ? before?.seq : seq - step;
  if (wanted !== before?.seq) return { seq, usable: false, missing: wanted };
  return { seq, usable: before?.usable ?? false, missing: before?.missing };
}
