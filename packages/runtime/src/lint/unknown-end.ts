import { failureClasses } from "@orgtree/core";
import type { Analysis } from "./analysis.ts";
import { lintError, type LintFinding } from "./finding.ts";

const known: ReadonlySet<unknown> = new Set(failureClasses);

/**
 * `unknown-end`: what a final state declares about the exit of the actor must be something the runtime can act on:
 * `meta: { exit: "normal" }` or `meta: { exit: "failure", class, kind? }`. Declaring nothing is fine.
 */
export function* unknownEnd({ graph }: Analysis): Generator<LintFinding> {
  for (const state of graph.states) {
    const problem = state.kind === "final" ? problemOf(state.node.meta) : undefined;
    if (problem) yield lintError("unknown-end", state.id, `"${state.id}" declares an exit that nobody knows: ${problem}`);
  }
}

function problemOf(meta: unknown): string | undefined {
  if (typeof meta !== "object" || meta === null || !("exit" in meta) || meta.exit === undefined || meta.exit === "normal") return undefined;
  if (meta.exit !== "failure") return `meta.exit is "normal" or "failure", not ${JSON.stringify(meta.exit)}`;
  if (!("class" in meta)) return `a failure needs meta.class, one of ${failureClasses.join(", ")}`;
  if (!known.has(meta.class)) return `no failure class ${JSON.stringify(meta.class)}; one of ${failureClasses.join(", ")}`;
  if ("kind" in meta && meta.kind !== undefined && typeof meta.kind !== "string")
    return `meta.kind is a text, not ${JSON.stringify(meta.kind)}`;
  return undefined;
}
