import { SpecError, checkSegment, type Budget, type Tool } from "@orgtree/core";
import type { Logic } from "@orgtree/runtime";
import type { AgentDefinition } from "./agent.ts";
import { checkCharter, checkCharterNames } from "./charter.ts";
import type { Contract } from "./contract.ts";
import { crew, type Crew } from "./crew.ts";
import { relay } from "./relay.ts";
import type { RiskClass, Team } from "./team.ts";

/** Makes the machine that leads one run. */
export type Lead = (task: string, team: Team) => Logic;

/** What an organization is made of. `E` is the environment of a run, such as a copy of a repository. */
export interface OrganizationParts<E> {
  /** Letters, digits, `_` and `-`. */
  readonly name: string;
  /** The agents by name, in order. At least one. */
  readonly agents: Readonly<Record<string, AgentDefinition>>;
  /** Who leads a run. Default: a crew where there are a planner, a worker, a verifier and a contract, else a relay. */
  readonly lead?: Lead | undefined;
  /** What done means. Default: nothing is checked. */
  readonly contract?: ((environment: E) => Contract) | undefined;
  /** All tools that there are; charters say who may use which. */
  readonly tools?: ((environment: E) => readonly Tool[]) | undefined;
  /** Fingerprint of the work as it stands; evidence holds for one fingerprint only. Needed with a contract. */
  readonly fingerprint?: ((environment: E) => Promise<string>) | undefined;
  /** Default `medium`. */
  readonly risk?: RiskClass | undefined;
  /** What one run may spend. Default: 2,000,000 tokens, 10 US dollars, 1 hour. */
  readonly budget?: Budget | undefined;
}

/** An organization that has been checked and can run. */
export interface Organization<E = unknown> extends OrganizationParts<E> {
  readonly lead: Lead;
  readonly risk: RiskClass;
  readonly budget: Budget;
}

/** The limits of a run that names none: every run ends, and none costs more than its owner can bear. */
export const defaultRunBudget: Budget = { tokens: 2_000_000, usd: 10, wallMs: 60 * 60_000 };

/** Makes an organization; throws `SpecError` naming what is wrong, before anything runs. */
export function organization<E = unknown>(parts: OrganizationParts<E>): Organization<E> {
  checkSegment(parts.name);
  const names = Object.keys(parts.agents ?? {});
  if (names.length === 0) throw new SpecError("agents", "an organization needs at least one agent");
  for (const [name, definition] of Object.entries(parts.agents)) {
    checkSegment(name);
    if (reserved.includes(name))
      throw new SpecError(`agents.${name}`, `the name is taken by the organization itself; so are ${reserved.join(", ")}`);
    checkCharterNames(checkCharter(definition.charter, `agents.${name}`), { agents: names }, `agents.${name}`);
  }
  for (const name of ["contract", "tools", "fingerprint", "lead"] as const) {
    if (parts[name] !== undefined && typeof parts[name] !== "function") {
      throw new SpecError(name, `a function, such as ${name}: (environment) => …, since every run has its own environment`);
    }
  }
  if (parts.contract !== undefined && parts.fingerprint === undefined) {
    const why = "a contract needs one: evidence has to say of which version of the work it is";
    throw new SpecError("fingerprint", `${why}; such as fingerprint: async (environment) => environment.text`);
  }
  const kinds = new Set(Object.values(parts.agents).map(({ kind }) => kind));
  if (parts.contract !== undefined && !kinds.has("verifier"))
    throw new SpecError("agents", "a contract needs a verifier: the author cannot accept its own work");
  for (const [name, { kind }] of Object.entries(parts.agents)) {
    if (kind === "verifier" && parts.contract === undefined)
      throw new SpecError(`agents.${name}`, "a verifier needs a contract whose checks it can execute");
  }
  const isCrew = parts.contract !== undefined && kinds.has("planner") && kinds.has("worker");
  return {
    ...parts,
    lead: parts.lead ?? (isCrew ? leadCrew : relay),
    risk: parts.risk ?? "medium",
    budget: { ...defaultRunBudget, ...parts.budget },
  };
}

/** Children of a run that are not agents. */
const reserved: readonly string[] = ["lead", "gate"];

function leadCrew(task: string, team: Team): Logic {
  // `organization` chose a crew because all of this is there.
  return crew(task, team as Crew);
}
