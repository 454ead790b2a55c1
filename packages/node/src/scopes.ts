import type { Address } from "@orgtree/core";

/** Where the actors of a partition are in its journal. Each run has a scope of its own. */
export const actorsScope: Address = "/actors";

/** Where a run is in the journal of its partition. */
export function runScope(id: string): Address {
  return `/runs/${id}`;
}

/** What the journal of a partition is called. */
export function journalName(namespace: string, endpoint: string): string {
  return `${namespace}-${endpoint}`;
}
