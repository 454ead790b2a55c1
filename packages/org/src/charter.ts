import { checkBudget, SpecError, type Budget } from "@orgtree/core";

/**
 * What an agent is for, what it may do, and what it may spend. Checked before the organization starts, enforced while it
 * runs: a forbidden tool call or message never happens and fails the agent as `role-violation`.
 */
export interface Charter {
  /** What it is for, in a sentence or two; the model is told so. */
  readonly purpose: string;
  /** Rules it has to keep, one each; the model is told so. */
  readonly rules?: readonly string[] | undefined;
  /** Names of the tools it may call. Default: none. */
  readonly tools?: readonly string[] | undefined;
  /** Names of the agents it may address by itself; answering is always allowed. Default: nobody. */
  readonly recipients?: readonly string[] | undefined;
  /**
   * What it may spend in one run. What is named is set aside from the run's budget at the start, so the parts must fit; what
   * is not named is shared with the others. Default: 500 turns and 30 minutes of its own, tokens and money of the run's.
   */
  readonly budget?: Budget | undefined;
}

/** A charter with its defaults filled in. */
export interface CheckedCharter {
  readonly purpose: string;
  readonly rules: readonly string[];
  readonly tools: readonly string[];
  readonly recipients: readonly string[];
  readonly budget: Budget;
}

/** The fields of a charter. */
export const charterFields: readonly string[] = ["purpose", "rules", "tools", "recipients", "budget"] satisfies (keyof Charter)[];

/** The limits of an agent that names none: every agent ends. */
const defaultAgentBudget: Budget = { turns: 500, wallMs: 30 * 60_000 };

/** A budget over the defaults; throws `SpecError` naming `field`. */
export function completeBudget(budget: Budget | undefined, defaults: Budget, field: string): Budget {
  if (budget !== undefined) checkBudget(budget, field);
  return { ...defaults, ...budget };
}

/** Checks a charter by itself and fills in the defaults; throws `SpecError` naming `field`. */
export function checkCharter(charter: Charter, field: string): CheckedCharter {
  if (typeof charter.purpose !== "string" || charter.purpose.trim() === "") {
    throw new SpecError(`${field}.purpose`, "say in a sentence what the agent is for; a vague role is how organizations fail");
  }
  const list = (name: "rules" | "tools" | "recipients"): readonly string[] => {
    const texts: unknown = charter[name] ?? [];
    if (Array.isArray(texts) && texts.every((text) => typeof text === "string")) return texts;
    throw new SpecError(`${field}.${name}`, 'a list of texts, such as ["…"]');
  };
  return {
    purpose: charter.purpose,
    rules: list("rules"),
    tools: list("tools"),
    recipients: list("recipients"),
    budget: completeBudget(charter.budget, defaultAgentBudget, `${field}.budget`),
  };
}

/** Checks the names of agents in a charter against the organization; throws `SpecError`. */
export function checkCharterRecipients(charter: CheckedCharter, agents: readonly string[], field: string): void {
  for (const name of charter.recipients) {
    if (!agents.includes(name)) throw new SpecError(`${field}.recipients`, `no agent is called "${name}"; there are ${agents.join(", ")}`);
  }
}

/** Checks that every permitted tool exists in the run; throws `SpecError`. */
export function checkCharterTools(charter: CheckedCharter, tools: readonly string[], field: string): void {
  for (const name of charter.tools) {
    if (!tools.includes(name))
      throw new SpecError(`${field}.tools`, `no tool is called "${name}"; there are ${tools.join(", ") || "none"}`);
  }
}
