import { checkFields, checkSegment, checkWord, SpecError, type Budget, type Tool } from "@orgtree/core";
import { checkAgent, type AgentDefinition, type AgentKind, type CheckedAgent } from "./agent.ts";
import { checkCharterRecipients, completeBudget } from "./charter.ts";
import { checkContract, type Contract } from "./contract.ts";
import { crew } from "./crew.ts";
import { relay } from "./relay.ts";
import type { Lead, RiskClass } from "./team.ts";

/** What an organization is made of. `E` is the environment of a run, such as a copy of a repository. */
export interface OrganizationParts<E> {
  /** Letters, digits, `_` and `-`. */
  readonly name: string;
  /** The agents by name, in order. At least one. */
  readonly agents: Readonly<Record<string, AgentDefinition>>;
  /**
   * What whoever runs it has to bring along: a `repository`, whose copy is then the environment, or nothing but the task. Default
   * `task`.
   */
  readonly worksOn?: WorksOn | undefined;
  /** Who leads a run. Default: a crew where there is a contract, else a relay. */
  readonly lead?: Lead | undefined;
  /** What done means. Default: nothing is checked. */
  readonly contract?: Contract<E> | undefined;
  /** All tools that there are; charters say who may use which. */
  readonly tools?: ((environment: E) => readonly Tool[]) | undefined;
  /** Default `medium`. */
  readonly risk?: RiskClass | undefined;
  /**
   * What one run may spend. Default: 2,000,000 tokens, 1 hour, and 10 US dollars where they are counted, which is where the model
   * client was given prices. A limit of dollars that is named here is refused where they are not.
   */
  readonly budget?: Budget | undefined;
}

/** What an organization needs beside a model. */
export type WorksOn = "repository" | "task";

/** An organization that has been checked and can run. */
export interface Organization<E = unknown> extends OrganizationParts<E> {
  readonly agents: Readonly<Record<string, CheckedAgent>>;
  readonly worksOn: WorksOn;
  readonly lead: Lead;
  readonly risk: RiskClass;
  /** Dollars only where the parts name them; see `runBudget`. */
  readonly budget: Budget;
}

/** The limits of a run that names none: every run ends, and none costs more than its owner can bear. */
const defaultRunBudget: Budget = { tokens: 2_000_000, wallMs: 60 * 60_000 };

/** Where dollars are counted, and nobody named a limit. */
const defaultUsd = 10;

/** What one run of an organization may spend, the limit of dollars that it did not name included. */
export function runBudget({ budget }: Pick<Organization, "budget">): Budget {
  return { ...budget, usd: budget.usd ?? defaultUsd };
}

/** Whether a value is what `organization` makes, also with another copy of orgtree. */
export function isOrganization(value: unknown): value is Organization {
  if (typeof value !== "object" || value === null) return false;
  const { name, agents, lead, budget } = value as Partial<Record<keyof Organization, unknown>>;
  return (
    typeof name === "string" && typeof agents === "object" && agents !== null && typeof lead === "function" && typeof budget === "object"
  );
}

const fields: readonly string[] = [
  "name",
  "agents",
  "worksOn",
  "lead",
  "contract",
  "tools",
  "risk",
  "budget",
] satisfies (keyof OrganizationParts<unknown>)[];

/** Makes an organization; throws `SpecError` naming what is wrong, before anything runs. */
export function organization<E = unknown>(parts: OrganizationParts<E>): Organization<E> {
  checkFields(parts, { field: "", name: "organization", known: fields });
  checkSegment(parts.name);
  if (parts.name === "_run") throw new SpecError("name", "_run is taken: the log of a run has this name");
  const agents = checkAgents(parts);
  for (const name of ["tools", "lead"] as const) {
    if (parts[name] !== undefined && typeof parts[name] !== "function")
      throw new SpecError(name, `a function, such as ${name}: (${name === "tools" ? "environment" : "task, team"}) => …`);
  }
  if (parts.contract !== undefined) checkContract(parts.contract);
  return {
    ...parts,
    agents,
    worksOn: checkWord(parts.worksOn ?? "task", ["repository", "task"], "worksOn"),
    lead: parts.lead ?? (parts.contract === undefined ? relay : crew),
    risk: checkWord(parts.risk ?? "medium", ["low", "medium"], "risk"),
    budget: completeBudget(parts.budget, defaultRunBudget, "budget"),
  };
}

/** Children of a run that are not agents. */
const reserved: readonly string[] = ["lead", "gate"];

function checkAgents<E>({ agents: definitions, contract, lead }: OrganizationParts<E>): Readonly<Record<string, CheckedAgent>> {
  const names = Object.keys(definitions ?? {});
  if (names.length === 0) throw new SpecError("agents", "an organization needs at least one agent");
  const agents: Record<string, CheckedAgent> = {};
  for (const [name, definition] of Object.entries(definitions)) {
    checkSegment(name);
    if (reserved.includes(name))
      throw new SpecError(`agents.${name}`, `the name is taken by the organization itself; so are ${reserved.join(", ")}`);
    if (typeof definition?.make !== "function")
      throw new SpecError(`agents.${name}`, "is no agent; make it with agent(), planner(), critic(), verifier() or customAgent()");
    const agent = checkAgent(definition, `agents.${name}`);
    checkCharterRecipients(agent.charter, names, `agents.${name}`);
    agents[name] = agent;
    if (definition.kind === "verifier" && contract === undefined)
      throw new SpecError(`agents.${name}`, "a verifier needs a contract whose checks it can execute");
  }
  if ((lead ?? (contract === undefined ? relay : crew)) === crew) checkCrew(agents);
  if (contract === undefined) return agents;
  const kinds = new Set(Object.values(agents).map(({ kind }) => kind));
  if (!kinds.has("verifier"))
    throw new SpecError("agents", "a contract needs a verifier: the author cannot accept its own work; add one made with verifier()");
  if (!kinds.has("worker") && lead === undefined)
    throw new SpecError("agents", "a contract needs somebody who works under it; add one made with agent(), or a lead of your own");
  return agents;
}

/** A crew asks one of each: another one would wait for ever, and nobody would notice, unless a third agent addresses it. */
function checkCrew(agents: Readonly<Record<string, CheckedAgent>>): void {
  const addressed = new Set(Object.values(agents).flatMap(({ charter }) => charter.recipients));
  const asked = new Map<AgentKind, string>();
  for (const [name, { kind }] of Object.entries(agents)) {
    if (kind === "verifier" || kind === "custom") continue;
    const first = asked.get(kind);
    if (first === undefined) asked.set(kind, name);
    else if (!addressed.has(name))
      throw new SpecError(`agents.${name}`, `a crew asks one ${kind} (${first}); leave the others out, or lead with a lead of your own`);
  }
}
