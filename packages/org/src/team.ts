import type { Address } from "@orgtree/core";
import type { Part } from "./part.ts";

/** How much checking a task is worth: a critic costs model calls. */
export type RiskClass = "low" | "medium";

/** What a lead knows of its organization. */
export interface Team {
  /** The agents by name, in the order in which they were given. */
  readonly agents: ReadonlyMap<string, Address>;
  /** The first agent of a kind. */
  readonly planner: Address | undefined;
  readonly worker: Address | undefined;
  readonly critic: Address | undefined;
  /** The hold point that the result has to pass; none without a contract. */
  readonly gate: Address | undefined;
  readonly risk: RiskClass;
}

/** Makes what leads one run. */
export type Lead = (task: string, team: Team) => Part;

/** What a lead ends with. */
export interface LeadOutput {
  readonly result: unknown;
  /** Why it failed; empty when it did not. */
  readonly reason: string;
}
