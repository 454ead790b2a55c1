import { checkFields, SpecError } from "@orgtree/core";

/** What a function takes. */
export interface KnownArgument {
  /** What it is called where there are no fields to name: `options`. */
  readonly name: string;
  readonly known: readonly string[];
}

/** As `checkFields`, for the outermost object that a function takes: its fields stand for themselves. Throws `SpecError`. */
export function checkArgument(value: object, { name, known }: KnownArgument): void {
  if (typeof value !== "object" || value === null)
    throw new SpecError(name, `an object { ${known.join(", ")} }, not ${JSON.stringify(value) ?? String(value)}`);
  checkFields(value, { field: "", known });
}
