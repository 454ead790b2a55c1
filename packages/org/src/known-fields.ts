import { SpecError } from "@orgtree/core";

/** What may be in an object that a user writes. */
export interface KnownFields {
  /** Where the object is, for messages: `contract`; empty for the outermost. */
  readonly field: string;
  readonly known: readonly string[];
}

/**
 * Checks that an object is one and has no fields but those that are known: a misspelt one would be ignored in silence, and with it a
 * budget or a rule. Throws `SpecError` naming the field, the known one that was probably meant, and what there is.
 */
export function checkFields(value: object, { field, known }: KnownFields): void {
  if (typeof value !== "object" || value === null) throw new SpecError(field, `an object { ${known.join(", ")} }, not ${String(value)}`);
  for (const name of Object.keys(value)) {
    if (known.includes(name)) continue;
    const nearest = nearestName(name, known);
    const remedy = nearest === undefined ? "leave it out;" : `did you mean ${nearest}?`;
    throw new SpecError(field === "" ? name : `${field}.${name}`, `there is no such field; ${remedy} known are ${known.join(", ")}`);
  }
}

/** The name that differs least; undefined when all differ in more than a third. */
function nearestName(name: string, known: readonly string[]): string | undefined {
  const ranked = known.map((candidate) => ({ candidate, distance: editDistance(name.toLowerCase(), candidate.toLowerCase()) }));
  const [nearest] = ranked.toSorted((one, other) => one.distance - other.distance);
  return nearest !== undefined && nearest.distance <= Math.max(1, Math.ceil(name.length / 3)) ? nearest.candidate : undefined;
}

/** Insertions, deletions and replacements that turn one text into the other. */
function editDistance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (let i = 1; i <= one.length; i++) {
    const next = [i];
    for (let j = 1; j <= other.length; j++)
      next.push(Math.min(row[j - 1]! + (one[i - 1] === other[j - 1] ? 0 : 1), row[j]! + 1, next[j - 1]! + 1));
    row = next;
  }
  return row[other.length]!;
}
