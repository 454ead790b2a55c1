import { SpecError } from "./errors.ts";
import { nearestName } from "./nearest-name.ts";
import { shown } from "./value-check.ts";

/** What may be in an object that a user writes. */
export interface KnownFields {
  /** Where the object is, for messages: `contract`; empty for the outermost, whose fields stand for themselves. */
  readonly field: string;
  /** What it is called where there are no fields to name. Default: its `field`. */
  readonly name?: string;
  readonly known: readonly string[];
}

/**
 * Checks that an object is one and has no fields but those that are known: a misspelt one would be ignored in silence, and
 * with it a budget or a rule. Throws `SpecError` naming the field, the known one that was probably meant, and what there is.
 */
export function checkFields(value: object, { field, name: ownName = field, known }: KnownFields): void {
  if (typeof value !== "object" || value === null) throw new SpecError(ownName, `an object { ${known.join(", ")} }, not ${shown(value)}`);
  for (const name in value) {
    if (known.includes(name)) continue;
    const nearest = nearestName(name, known);
    const remedy = nearest === undefined ? "leave it out;" : `did you mean ${nearest}?`;
    throw new SpecError(field === "" ? name : `${field}.${name}`, `there is no such field; ${remedy} known are ${known.join(", ")}`);
  }
}
