import { checkChildSpec, checkFields, SpecError, type ChildSpec, type ModelClient } from "@orgtree/core";
import { keysWith, type Logic } from "@orgtree/runtime";
import { agentPart } from "./agent-machine.ts";
import { charterFields, checkCharter, type Charter, type CheckedCharter } from "./charter.ts";
import { claimedWork } from "./claims.ts";
import { textDeliverable } from "./deliverable.ts";
import { checkModel } from "./model-check.ts";
import type { Part } from "./part.ts";
import { planDeliverable } from "./plan.ts";
import { reviewDeliverable } from "./review.ts";
import { verifierPart } from "./verifier.ts";
import type { AgentWorld } from "./world.ts";

/** What an agent is to the organization. */
export type AgentKind = "worker" | "planner" | "critic" | "verifier" | "custom";

/** How an agent is supervised; what is left out has the organization's defaults. */
export type AgentSupervision = Partial<Pick<ChildSpec, "onFailure" | "backoff" | "shutdownMs" | "restart">>;

/** What an agent is given beside its charter. */
export interface AgentOptions extends Charter, AgentSupervision {
  /** Its own model. Default: the run's. */
  readonly model?: ModelClient | undefined;
}

/** An agent as an organization knows it: its charter, and how to make what runs. */
export interface AgentDefinition {
  readonly kind: AgentKind;
  readonly charter: Charter;
  readonly supervision: AgentSupervision;
  readonly model: ModelClient | undefined;
  readonly make: (world: AgentWorld) => Part;
}

/** An agent whose charter has been checked. */
export interface CheckedAgent extends AgentDefinition {
  readonly charter: CheckedCharter;
}

const workInstructions = "Work with your tools, one step at a time, and look at what they give back before you go on.";

/**
 * An agent that works: under a contract it hands in claims that are checked, without one its plain answer counts.
 *
 * What is wrong in the options of this and its siblings is told by `organization()`, which knows the name of the agent.
 */
export function agent(options: AgentOptions): AgentDefinition {
  return define("worker", options, (world) => {
    const deliverable = world.checker === undefined ? textDeliverable : claimedWork(world.checker.criteria);
    return agentPart(world, { instructions: world.charter.tools.length === 0 ? "" : workInstructions, deliverable });
  });
}

/** An agent that makes the plan. */
export function planner(options: AgentOptions): AgentDefinition {
  const instructions = "Look before you plan. Few steps, each small enough to be checked.";
  return define("planner", options, (world) => agentPart(world, { instructions, deliverable: planDeliverable }));
}

/** An agent that looks for how the plan will fail, before it is admitted. */
export function critic(options: AgentOptions): AgentDefinition {
  const instructions =
    "You did not make the plan and owe it nothing. Name only what can really happen; mark as blocking what makes the plan worthless.";
  return define("critic", options, (world) => agentPart(world, { instructions, deliverable: reviewDeliverable }));
}

/** An agent that executes the checks of the contract. It needs no model. */
export function verifier(options: AgentOptions): AgentDefinition {
  // Without a contract, and so without a checker, an organization with a verifier is refused.
  return define("verifier", options, (world) => verifierPart(world, world.checker!));
}

/** An agent of your own: any logic, which answers to `assign` like the others if the lead is to use it. */
export function customAgent(options: AgentOptions, make: (world: AgentWorld) => Logic): AgentDefinition {
  return define("custom", options, (world) => ({ logic: make(world) }));
}

/** How its maker is called, for messages. */
const makers: Readonly<Record<AgentKind, string>> = {
  worker: "agent",
  planner: "planner",
  critic: "critic",
  verifier: "verifier",
  custom: "customAgent",
};

const supervisionFields = ["onFailure", "backoff", "shutdownMs", "restart"] satisfies (keyof AgentSupervision)[];
const agentFields: readonly string[] = [...charterFields, ...supervisionFields, "model"];

function define(kind: AgentKind, options: AgentOptions, make: AgentDefinition["make"]): AgentDefinition {
  if (typeof options !== "object" || options === null)
    throw new SpecError(makers[kind], `takes an object { ${agentFields.join(", ")} }, not ${String(options)}`);
  const { model, onFailure, backoff, shutdownMs, restart, ...charter } = options;
  return { kind, charter, supervision: { onFailure, backoff, shutdownMs, restart }, model, make };
}

/** Answers that could never be given. */
function checkAnswers({ kind, supervision: { onFailure } }: AgentDefinition, field: string): void {
  const [replan] = keysWith(onFailure, "replan");
  if (replan !== undefined)
    throw new SpecError(`${field}.${replan}`, "replan needs a supervisor with a plan, and a run has none: answer with restart or escalate");
  const [rollback] = keysWith(onFailure, "rollback");
  if (rollback === undefined || kind === "custom") return;
  throw new SpecError(
    `${field}.${rollback}`,
    `${makers[kind]}() makes no checkpoint that a rollback could go back to: answer with restart or resume`,
  );
}

/** Checks what of an agent can be checked before it is in a run, and fills in the defaults; throws `SpecError` naming `field`. */
export function checkAgent(agent: AgentDefinition, field: string): CheckedAgent {
  const { charter, supervision, model } = agent;
  // What is no field of the supervision or the model is left in the charter.
  checkFields(charter, { field, known: agentFields });
  checkChildSpec({ ...supervision, id: "agent", logic: {} }, field);
  checkAnswers(agent, `${field}.onFailure`);
  if (model !== undefined) checkModel(model, `${field}.model`);
  return { ...agent, charter: checkCharter(charter, field) };
}
