import { accepted, malformed, structuredDeliverable, unfounded, type Deliverable, type Reading, type WorkDone } from "./deliverable.ts";
import type { Criterion } from "./contract.ts";

/** The name of the tool by which an agent executes a check of its contract. */
export const checkToolName = "run_check";

/** What a worker under a contract hands in: of every criterion, whether it saw it pass. */
export interface ClaimedWork {
  /** For people. It is no evidence, and the hold point never reads it. */
  readonly summary: string;
  readonly passed: readonly string[];
  readonly unproven: readonly string[];
}

/**
 * The deliverable of a worker under a contract. Every criterion has to be named: as passed, which needs an executed check in the record
 * after the last change, or as unproven. "Tests pass" without such a check is an unfounded claim, whatever the model believes; and what
 * it writes in the summary is no claim at all.
 */
export function claimedWork(criteria: readonly Pick<Criterion, "id">[]): Deliverable {
  const ids = criteria.map(({ id }) => id);
  const list = (description: string): object => ({ type: "array", items: { type: "string", enum: ids }, description });
  const schema = {
    type: "object",
    properties: {
      summary: { type: "string", description: "What you did and why, for somebody who was not there. Nobody takes it for evidence." },
      passed: list(`The criteria that you saw pass: each needs a passed ${checkToolName} call after your last change.`),
      unproven: list("The criteria that you did not see pass. Say so: they will be checked, and you will be told."),
    },
    required: ["summary", "passed", "unproven"],
    additionalProperties: false,
  };
  const description = `Hand in your work, after ${checkToolName} has passed for every criterion. Name each criterion once, in passed or in unproven.`;
  return structuredDeliverable(description, schema, (value, work) => readClaims(value, ids, work));
}

function readClaims(value: unknown, ids: readonly string[], work: WorkDone): Reading {
  const { summary, passed, unproven = [] } = (value ?? {}) as { summary?: unknown; passed?: unknown; unproven?: unknown };
  if (typeof summary !== "string" || summary === "") return malformed("summary must be a text");
  if (!isListOfTexts(passed) || !isListOfTexts(unproven)) return malformed("passed and unproven must be lists of criteria");
  const named = [...passed, ...unproven];
  const strange = named.find((id) => !ids.includes(id));
  if (strange !== undefined) return malformed(`there is no criterion ${strange}; there are ${ids.join(", ")}`);
  const silent = ids.filter((id) => named.filter((each) => each === id).length !== 1);
  if (silent.length > 0) return malformed(`name each criterion once, in passed or in unproven: ${silent.join(", ")}`);
  for (const id of passed) {
    const problem = problemOfClaim(id, work);
    if (problem !== undefined) return unfounded(problem);
  }
  return accepted({ summary, passed, unproven } satisfies ClaimedWork);
}

/** A claim stands on a passed check that was executed after the last change. */
function problemOfClaim(criterion: string, { calls, record }: WorkDone): string | undefined {
  const checkOf = (key: string | undefined) => (key === undefined ? undefined : record.check(key));
  const lastCheck = calls.findLastIndex(({ key }) => checkOf(key)?.criterion === criterion);
  if (lastCheck === -1) return `it says that ${criterion} passed, but never ran ${checkToolName} for it`;
  if (checkOf(calls[lastCheck]!.key)?.passed !== true) return `it says that ${criterion} passed, but the last ${checkToolName} failed`;
  if (calls.findLastIndex(({ changes }) => changes) > lastCheck)
    return `it says that ${criterion} passed, but changed something after the last ${checkToolName}`;
  return undefined;
}

function isListOfTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === "string");
}
