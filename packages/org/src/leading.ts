/** What the machines of leads have in common: they ask agents for parts of the work, and ask again when an agent failed. */
import type { Signal } from "@orgtree/runtime";
import type { Assignment, Delivery } from "./assignment.ts";
import type { LeadOutput } from "./team.ts";

/** Milliseconds an agent has for its part. */
export const partMs = 30 * 60_000;
/** Times that an agent is asked again after it failed; its supervisor decides what becomes of it in between. */
const maxFailures = 5;

/** What every lead keeps. */
export interface LeadState {
  readonly task: string;
  readonly result: unknown;
  /** Failed asks since the last answer. */
  readonly failures: number;
  /** What happened before, for whoever is asked next. */
  readonly briefing: readonly string[];
  /** Why it failed. */
  readonly reason: string;
}

/** A lead that has not begun. */
export function freshLead(task: string): LeadState {
  return { task, result: undefined, failures: 0, briefing: [], reason: "" };
}

/** What a lead says to an agent. */
export function assignmentOf(assignment: Assignment): { readonly type: "assign"; readonly assignment: Assignment } {
  return { type: "assign", assignment };
}

/** What a lead ends with. */
export function outputOf({ result, reason }: LeadState): LeadOutput {
  return { result, reason };
}

/** What an agent delivered; undefined for any other event. */
export function deliveredBy(event: Signal): unknown {
  return event.type === "orgtree.reply" ? (event.value as Delivery).value : undefined;
}

export function mayAskAgain({ failures }: LeadState): boolean {
  return failures < maxFailures;
}

/** The agent that is asked next is told why the last one failed. */
export function noteFailure({ failures, briefing }: LeadState, event: Signal): Pick<LeadState, "failures" | "briefing"> {
  return { failures: failures + 1, briefing: event.type === "orgtree.ask-failed" ? [...briefing, event.error.message] : briefing };
}

export function whyAskFailed(event: Signal): Pick<LeadState, "reason"> {
  return { reason: event.type === "orgtree.ask-failed" ? event.error.message : "" };
}
