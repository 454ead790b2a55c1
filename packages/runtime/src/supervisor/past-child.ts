import type { ChildRow, PastChild } from "@orgtree/core";

/** What is known of a child that runs, for when its specification is not known any more. */
export function pastOf({ restarts, stamps, history, birth }: ChildRow): PastChild {
  return { status: "running", restarts, stamps, history, verdict: undefined, birth };
}
