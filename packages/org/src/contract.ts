import { checkSegment, SpecError, type Criterion } from "@orgtree/core";

/** What done means, agreed before work: no successful end without it. */
export interface Contract {
  readonly criteria: readonly Criterion[];
}

/** Makes a contract; throws `SpecError` for an empty one, whose acceptance would mean nothing, and for equal ids. */
export function contract(...criteria: readonly Criterion[]): Contract {
  if (criteria.length === 0) throw new SpecError("contract", "needs at least one criterion with an executable check");
  const ids = new Set<string>();
  for (const { id } of criteria) {
    checkSegment(id);
    if (ids.has(id)) throw new SpecError("contract", `two criteria have the id "${id}"`);
    ids.add(id);
  }
  return { criteria };
}

/** The criteria as a worker is told them. */
export function describeContract(contract: Contract): string {
  return contract.criteria.map(({ id, statement }) => `- ${id}: ${statement}`).join("\n");
}
