import type { Facts } from "../facts.ts";

/** Something that holds in every run: what is wrong, in words; undefined where nothing is. */
export interface Invariant {
  readonly name: string;
  check(facts: Facts): string | undefined;
}
