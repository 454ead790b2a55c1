import type { Criterion } from "@orgtree/core";
import { deliverTool, parse, type Deliverable, type Reading } from "./deliverable.ts";
import type { ToolResult } from "./tool-box.ts";

/** The tool by which an agent executes a check of its contract. */
export const checkTool = "run_check";

/** What a worker under a contract hands in. */
export interface ClaimedWork {
  readonly summary: string;
}

/**
 * The deliverable of a worker under a contract: a summary, and for each criterion the id of the tool call that showed it.
 * "Tests pass" without such a call is an unfounded claim, whatever the model believes.
 */
export function claimedWork(criteria: readonly Criterion[]): Deliverable {
  const ids = criteria.map(({ id }) => id);
  const parameters = {
    type: "object",
    properties: {
      summary: { type: "string", description: "What you did and why, for somebody who was not there." },
      passed: {
        type: "array",
        items: { type: "string", enum: ids },
        description: `The criteria that you saw pass: each needs a passed ${checkTool} call after your last change.`,
      },
    },
    required: ["summary", "passed"],
    additionalProperties: false,
  };
  const description = `Hand in your work, after ${checkTool} has passed for every criterion.`;
  return { tool: { name: deliverTool, description, parameters }, read: (json, done) => readClaims(json, done) };
}

function readClaims(json: string, done: readonly ToolResult[]): Reading {
  const parsed = parse(json);
  if ("problem" in parsed) return { kind: "malformed", problem: parsed.problem };
  const { summary, passed } = (parsed.value ?? {}) as { summary?: unknown; passed?: unknown };
  if (typeof summary !== "string" || summary === "") return { kind: "malformed", problem: "summary must be a text" };
  if (!Array.isArray(passed) || passed.some((id) => typeof id !== "string"))
    return { kind: "malformed", problem: "passed must be a list of criteria" };
  for (const claim of passed as string[]) {
    const problem = problemOfClaim(claim, done);
    if (problem !== undefined) return { kind: "unfounded", problem };
  }
  return { kind: "value", value: { summary } satisfies ClaimedWork };
}

/** A claim stands on a passed check that was executed after the last change. */
function problemOfClaim(criterion: string, done: readonly ToolResult[]): string | undefined {
  const isCheck = (result: ToolResult): boolean => result.name === checkTool && criterionOf(result.arguments) === criterion;
  const lastCheck = done.findLastIndex(isCheck);
  if (lastCheck === -1) return `it says that ${criterion} passed, but never ran ${checkTool} for it`;
  if (!done[lastCheck]!.ok || !done[lastCheck]!.outcome.startsWith("passed"))
    return `it says that ${criterion} passed, but the last ${checkTool} failed`;
  const lastChange = done.findLastIndex((result) => result.changes && result.name !== checkTool);
  if (lastChange > lastCheck) return `it says that ${criterion} passed, but changed something after the last ${checkTool}`;
  return undefined;
}

function criterionOf(argumentsJson: string): unknown {
  const parsed = parse(argumentsJson);
  return "value" in parsed ? (parsed.value as { criterion?: unknown } | null)?.criterion : undefined;
}
