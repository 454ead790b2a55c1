import { SpecError } from "@orgtree/core";

/** The number of an option, which must be finite and at least `minimum`; otherwise a `SpecError` that names option and value. */
export function checkAtLeast(field: string, value: number, minimum: number): number {
  if (!Number.isFinite(value) || value < minimum) throw new SpecError(field, `must be a number of at least ${minimum}, got ${value}`);
  return value;
}

/** As `checkAtLeast`, and whole. */
export function checkWhole(field: string, value: number, minimum: number): number {
  if (!Number.isInteger(value)) throw new SpecError(field, `must be a whole number of at least ${minimum}, got ${value}`);
  return checkAtLeast(field, value, minimum);
}
