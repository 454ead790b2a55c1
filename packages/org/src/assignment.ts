/** Work handed to an agent. */
export interface Assignment {
  /** What is to be achieved. */
  readonly goal: string;
  /** What is known and useful: the plan, an earlier agent's result. */
  readonly material?: string | undefined;
  /** What happened before, from the record: what failed, why work was sent back. A fresh start is briefed, not blank. */
  readonly briefing: readonly string[];
}

/** What an agent that has a model answers to. */
export type AgentEvent =
  | { readonly type: "assign"; readonly assignment: Assignment }
  /** Its work is over: it ends normally. */
  | { readonly type: "dismiss" };

/** What an agent gives back. */
export interface Delivery {
  /** Text, or the value of the deliverable's schema. */
  readonly value: unknown;
}
