import type { Logic } from "@orgtree/runtime";

/** What runs in a place of a run, and what each of its lives is given at the start. */
export interface Part {
  readonly logic: Logic;
  /** Plain data, as that of any child. */
  readonly input?: unknown;
}
