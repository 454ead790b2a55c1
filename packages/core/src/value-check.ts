/** The checks of single values in a specification; each throws a `SpecError` that names `field`. */
import { SpecError } from "./errors.ts";

/** One of `words`. */
export function checkWord<W extends string>(word: W, words: readonly string[], field: string): W {
  if (words.includes(word)) return word;
  throw new SpecError(field, `one of ${words.join(", ")}, not ${shown(word)}`);
}

/** A value as a message shows it, whatever it is. */
export function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "function") return "a function";
  return typeof value === "object" && value !== null ? "an object" : String(value);
}

/** A finite number of more than 0. */
export function checkPositive(value: number, field: string): number {
  if (typeof value === "number" && Number.isFinite(value) && value > 0) return value;
  throw new SpecError(field, `more than 0, not ${shown(value)}`);
}

/** An integer of at least `least`. */
export function checkCount(value: number, least: number, field: string): number {
  if (Number.isInteger(value) && value >= least) return value;
  throw new SpecError(field, `an integer of at least ${least}, not ${shown(value)}`);
}

/** A finite number of at least `least`. */
export function checkLeast(value: number, least: number, field: string): number {
  if (typeof value === "number" && Number.isFinite(value) && value >= least) return value;
  throw new SpecError(field, `a number of at least ${least}, not ${shown(value)}`);
}
