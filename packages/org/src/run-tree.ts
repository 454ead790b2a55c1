import {
  childAddress,
  idOf,
  SpecError,
  type Address,
  type ChildSpec,
  type ModelClient,
  type OnFailure,
  type Rung,
  type Tool,
} from "@orgtree/core";
import { supervisor, type Logic, type SupervisorLogic } from "@orgtree/runtime";
import { AgentModel } from "./agent-model.ts";
import type { AgentKind, CheckedAgent } from "./agent.ts";
import { checkCharterTools } from "./charter.ts";
import { Checker } from "./checker.ts";
import { checkToolName } from "./claims.ts";
import { openContract, type RunContract } from "./contract.ts";
import { deliverToolName } from "./deliverable.ts";
import { holdPoint } from "./hold-point.ts";
import { runBudget, type Organization } from "./organization.ts";
import type { Part } from "./part.ts";
import type { RunRecord } from "./run-record.ts";
import type { Team } from "./team.ts";
import { ToolBox } from "./tool-box.ts";
import type { AgentWorld } from "./world.ts";

/** What one run is made of. */
export interface RunParts<E> {
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
  readonly spec: ChildSpec<SupervisorLogic>;
  readonly lead: Address;
  readonly agents: ReadonlyMap<string, Address>;
  /** What done means in this run; none where the organization has no contract. */
  readonly contract: RunContract | undefined;
}

const often: Rung["intensity"] = { maxRestarts: 3, periodMs: 600_000 };
const twice: Rung["intensity"] = { maxRestarts: 2, periodMs: 600_000 };
const restartThenEscalate: readonly Rung[] = [{ directive: "restart", intensity: often }, { directive: "escalate" }];
const twiceThenEscalate: readonly Rung[] = [{ directive: "restart", intensity: twice }, { directive: "escalate" }];

/**
 * What a supervisor does about a failing agent when its definition does not say. A fresh start helps against a crash, a
 * loop, a false claim; it does not help against a wrong key or a spent budget, which go up at once.
 */
const defaultAgentAnswers: OnFailure = {
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
  // A check that does not answer as a check is a mistake in the contract: it will not answer better. So is a fingerprint that is none.
  "unverified/bad-check": "escalate",
  "unverified/bad-fingerprint": "escalate",
};

/**
 * Builds the tree of one run: a supervisor over the agents, the hold point and, last, the lead, whose end ends the run.
 *
 * Throws `SpecError` when a charter names a tool that this run does not have, or two tools have one name.
 */
export function buildRun<E>(parts: RunParts<E>): RunTree {
  const { organization, environment, address, record } = parts;
  const contract = organization.contract === undefined ? undefined : openContract(organization.contract, environment);
  const tools = organization.tools?.(environment) ?? [];
  checkToolNames(tools, contract === undefined ? [deliverToolName] : [deliverToolName, checkToolName]);
  const agents = new Map(Object.keys(organization.agents).map((name) => [name, childAddress(address, name)]));
  const children = Object.entries(organization.agents).map(([name, definition]) =>
    agentSpec(parts, { name, definition, agents, tools, contract }),
  );
  const ofKind = (kind: AgentKind): Address[] =>
    Object.entries(organization.agents).flatMap(([name, definition]) => (definition.kind === kind ? [agents.get(name)!] : []));
  const gate = contract === undefined ? undefined : childAddress(address, "gate");
  if (contract !== undefined && gate !== undefined)
    children.push({ id: "gate", logic: holdPoint({ address: gate, verifiers: ofKind("verifier"), contract, record }) });
  const [planner] = ofKind("planner");
  const [worker] = ofKind("worker");
  const [critic] = ofKind("critic");
  const team: Team = { agents, planner, worker, critic, gate, risk: organization.risk };
  children.push(leadSpec(organization.lead(parts.task, team)));
  const logic = supervisor({
    strategy: "one-for-one",
    intensity: { maxRestarts: 20, periodMs: 600_000 },
    autoShutdown: "any-significant",
    children,
  });
  const id = idOf(address);
  const spec: RunTree["spec"] = { id, logic, restart: "temporary", budget: runBudget(organization) };
  return { spec, lead: childAddress(address, "lead"), agents, contract };
}

/** A tool that another one hides would be run in its place, or never. */
function checkToolNames(tools: readonly Tool[], taken: readonly string[]): void {
  const seen = new Set(taken);
  for (const { name } of tools) {
    if (seen.has(name)) throw new SpecError("tools", `two tools are called "${name}"; ${taken.join(" and ")} are the organization's own`);
    seen.add(name);
  }
}

interface AgentPlace {
  readonly name: string;
  readonly definition: CheckedAgent;
  readonly agents: ReadonlyMap<string, Address>;
  readonly tools: readonly Tool[];
  readonly contract: RunContract | undefined;
}

function agentSpec<E>(parts: RunParts<E>, place: AgentPlace): ChildSpec<Logic> {
  const { definition, agents } = place;
  const world = worldOf(parts, place);
  const { supervision } = definition;
  return {
    id: place.name,
    ...definition.make(world),
    restart: supervision.restart ?? "transient",
    shutdownMs: supervision.shutdownMs,
    backoff: supervision.backoff ?? { minMs: 100, maxMs: 30_000 },
    onFailure: { ...defaultAgentAnswers, ...supervision.onFailure },
    budget: world.charter.budget,
    recipients: world.charter.recipients.map((recipient) => agents.get(recipient)!),
  };
}

function worldOf<E>({ model, record }: RunParts<E>, { name, definition, agents, contract, ...place }: AgentPlace): AgentWorld {
  const address = agents.get(name)!;
  const checker = contract === undefined ? undefined : new Checker(contract, address, record);
  const tools = checker === undefined ? place.tools : [...place.tools, checker.tool()];
  const known = tools.map((tool) => tool.name);
  const { charter } = definition;
  checkCharterTools(charter, known, `agents.${name}`);
  const permitted = tools.filter((tool) => charter.tools.includes(tool.name));
  return {
    name,
    address,
    charter,
    model: new AgentModel(definition.model ?? model, address, record),
    tools: new ToolBox(address, { permitted, known }, record),
    checker,
    record: record.view,
    raiseAlarm: (level, what) => record.add({ kind: "alarm", level, by: address, what }),
  };
}

/** The lead ends the run: with its result, or with the failure that it names. A crash of its own is another matter. */
function leadSpec(part: Part): ChildSpec<Logic> {
  const onFailure: OnFailure = {
    crash: restartThenEscalate,
    disagreement: "escalate",
    rejected: "escalate",
    "no-progress": "escalate",
  };
  return { id: "lead", ...part, restart: "transient", significant: true, onFailure };
}
