import type { Facts } from "../facts.ts";

/** Something that holds in every run: what is wrong, in words; undefined where nothing is. */
export interface Invariant {
  readonly name: string;
  /** What is stuck, and is often only the consequence of something else: looked at last. */
  readonly isStuck?: true;
  check(facts: Facts): string | undefined;
}
