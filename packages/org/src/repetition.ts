/**
 * Loops are found by rule, not by asking the looping model. A plain rule is precise and blind to paraphrase (see
 * docs/semantics.md); the thresholds are OpenHands' stuck detector's, with a nudge before.
 */
import { parseToolInput } from "@orgtree/core";

/** One action as the rule sees it: the same action with the same outcome is no progress. */
export interface Action {
  readonly name: string;
  /** Canonical: equal arguments are equal texts. */
  readonly arguments: string;
  readonly outcome: string;
}

/** What the rule says: nothing, a nudge (yellow), or a loop (red). */
export type RepetitionVerdict = { readonly kind: "none" } | { readonly kind: "nudge" | "loop"; readonly what: string };

/** Equal actions in a row after which the agent is told. */
export const nudgeAfter = 2;
/** Equal actions in a row that are a loop. */
export const loopAfter = 4;
/** Length of an A-B-A-B… alternation that is a loop. */
export const alternationAfter = 6;

/** Judges the newest actions. */
export function findRepetition(actions: readonly Action[]): RepetitionVerdict {
  const last = actions.at(-1);
  if (last === undefined) return { kind: "none" };
  let run = 0;
  while (run < actions.length && same(actions[actions.length - 1 - run]!, last)) run++;
  if (run >= loopAfter) return { kind: "loop", what: `${describe(last)} ${run} times in a row with the same outcome` };
  const tail = actions.slice(-alternationAfter);
  const alternates =
    tail.length === alternationAfter && tail.every((action, at) => same(action, tail[at % 2]!)) && !same(tail[0]!, tail[1]!);
  if (alternates)
    return {
      kind: "loop",
      what: `${describe(tail[0]!)} and ${describe(tail[1]!)} in turn, ${alternationAfter} calls without a new outcome`,
    };
  if (run >= nudgeAfter) return { kind: "nudge", what: `${describe(last)} ${run} times with the same outcome` };
  return { kind: "none" };
}

/** Arguments as one text in which the order of keys does not matter; text that is no JSON is taken as it is. */
export function canonicalArguments(json: string): string {
  try {
    return JSON.stringify(sortKeys(parseToolInput(json, "tool")));
  } catch {
    return json; // Untrusted text from a model: what cannot be read is compared as text.
  }
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sortKeys(inner)]));
}

function same(a: Action, b: Action): boolean {
  return a.name === b.name && a.arguments === b.arguments && (a.outcome === b.outcome || timeless(a.outcome) === timeless(b.outcome));
}

/** How long something took is no news. */
function timeless(outcome: string): string {
  return outcome.replaceAll(/\b\d+(\.\d+)?\s?(ms|s|seconds?|minutes?)\b|(duration_ms:?\s*)\d+(\.\d+)?/g, "(time)");
}

function describe(action: Action): string {
  const text = action.arguments.length > 80 ? `${action.arguments.slice(0, 77)}...` : action.arguments;
  return `${action.name}(${text})`;
}
