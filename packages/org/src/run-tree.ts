import { childAddress, type Address, type ChildSpec, type ModelClient, type OnFailure, type Rung, type Tool } from "@orgtree/core";
import { supervisor, type Logic } from "@orgtree/runtime";
import type { AgentDefinition } from "./agent.ts";
import { checkCharter, checkCharterTools } from "./charter.ts";
import { Checker } from "./checker.ts";
import { holdPoint } from "./hold-point.ts";
import type { Organization } from "./organization.ts";
import type { RunRecord } from "./run-record.ts";
import type { Team } from "./team.ts";
import { ToolBox } from "./tool-box.ts";
import type { AgentWorld } from "./world.ts";

/** What one run is made of. */
export interface RunPlan<E> {
  readonly organization: Organization<E>;
  readonly task: string;
  readonly environment: E;
  readonly model: ModelClient;
  readonly record: RunRecord;
  /** Where in the tree the run will live. */
  readonly address: Address;
}

/** A run as a child spec, and where its lead and agents will be. */
export interface RunTree {
  readonly spec: ChildSpec<Logic>;
  readonly lead: Address;
  readonly agents: ReadonlyMap<string, Address>;
}

const often: Rung["intensity"] = { maxRestarts: 3, periodMs: 600_000 };
const twice: Rung["intensity"] = { maxRestarts: 2, periodMs: 600_000 };
const restartThenEscalate: readonly Rung[] = [{ directive: "restart", intensity: often }, { directive: "escalate" }];
const twiceThenEscalate: readonly Rung[] = [{ directive: "restart", intensity: twice }, { directive: "escalate" }];

/**
 * What a supervisor does about a failing agent when its definition does not say. A fresh start helps against a crash, a
 * loop, a false claim; it does not help against a wrong key or a spent budget, which go up at once.
 */
export const defaultAgentAnswers: OnFailure = {
  crash: restartThenEscalate,
  timeout: restartThenEscalate,
  "tool-error": restartThenEscalate,
  "model-error": restartThenEscalate,
  "model-error/auth": "escalate",
  "model-error/bad-request": "escalate",
  loop: twiceThenEscalate,
  "no-progress": twiceThenEscalate,
  "unfounded-claim": twiceThenEscalate,
  "role-violation": twiceThenEscalate,
};

/**
 * Builds the tree of one run: a supervisor over the agents, the hold point and, last, the lead, whose end ends the run.
 *
 * Throws `SpecError` when a charter names a tool that this run does not have.
 */
export function buildRun<E>(plan: RunPlan<E>): RunTree {
  const { organization, environment, address, record } = plan;
  const contract = organization.contract?.(environment);
  const checker = contract === undefined ? undefined : new Checker(contract, () => organization.fingerprint!(environment), record);
  const tools = organization.tools?.(environment) ?? [];
  const agents = new Map(Object.keys(organization.agents).map((name) => [name, childAddress(address, name)]));
  const children = Object.entries(organization.agents).map(([name, definition]) =>
    agentSpec(plan, { name, definition, agents, tools, checker }),
  );
  const verifiers = addressesOf(organization, agents, "verifier");
  if (checker !== undefined) children.push({ id: "gate", logic: holdPoint({ verifiers, criteria: checker.contract.criteria, record }) });
  const team: Team = {
    agents,
    planner: addressesOf(organization, agents, "planner")[0],
    worker: addressesOf(organization, agents, "worker")[0],
    critic: addressesOf(organization, agents, "critic")[0],
    gate: checker === undefined ? undefined : childAddress(address, "gate"),
    checker,
    risk: organization.risk,
  };
  children.push(leadSpec(organization.lead(plan.task, team)));
  const logic = supervisor({
    strategy: "one-for-one",
    intensity: { maxRestarts: 20, periodMs: 600_000 },
    autoShutdown: "any-significant",
    children,
  });
  const id = address.slice(address.lastIndexOf("/") + 1);
  return { spec: { id, logic, restart: "temporary", budget: organization.budget }, lead: childAddress(address, "lead"), agents };
}

interface AgentPlace {
  readonly name: string;
  readonly definition: AgentDefinition;
  readonly agents: ReadonlyMap<string, Address>;
  readonly tools: readonly Tool[];
  readonly checker: Checker | undefined;
}

function agentSpec<E>(plan: RunPlan<E>, place: AgentPlace): ChildSpec<Logic> {
  const { name, definition, agents, checker } = place;
  const address = agents.get(name)!;
  const tools = checker === undefined ? place.tools : [...place.tools, checker.tool(address)];
  const known = tools.map((tool) => tool.name);
  const charter = checkCharter(definition.charter, `agents.${name}`);
  checkCharterTools(charter, known, `agents.${name}`);
  const permitted = tools.filter((tool) => charter.tools.includes(tool.name));
  const world: AgentWorld = {
    name,
    address,
    charter,
    model: definition.model ?? plan.model,
    tools: new ToolBox(address, { permitted, known }, plan.record),
    checker,
    record: plan.record,
  };
  const { supervision } = definition;
  return {
    id: name,
    logic: definition.make(world),
    restart: supervision.restart ?? "transient",
    shutdownMs: supervision.shutdownMs,
    backoff: supervision.backoff ?? { minMs: 100, maxMs: 30_000 },
    onFailure: { ...defaultAgentAnswers, ...supervision.onFailure },
    budget: charter.budget,
    recipients: charter.recipients.map((recipient) => agents.get(recipient)!),
  };
}

/** The lead ends the run: with its result, or with the failure that it names. A crash of its own is another matter. */
function leadSpec(logic: Logic): ChildSpec<Logic> {
  const onFailure: OnFailure = {
    crash: restartThenEscalate,
    disagreement: "escalate",
    rejected: "escalate",
    "no-progress": "escalate",
  };
  return { id: "lead", logic, restart: "transient", significant: true, onFailure };
}

function addressesOf<E>(organization: Organization<E>, agents: ReadonlyMap<string, Address>, kind: AgentDefinition["kind"]): Address[] {
  return Object.entries(organization.agents)
    .filter(([, definition]) => definition.kind === kind)
    .map(([name]) => agents.get(name)!);
}
