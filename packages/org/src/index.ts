export {
  agent,
  type AgentDefinition,
  type AgentKind,
  type AgentOptions,
  critic,
  customAgent,
  planner,
  type Supervision,
  verifier,
} from "./agent.ts";
export { agentMachine, type AgentRole } from "./agent-machine.ts";
export type { AgentEvent, Assignment, Delivery } from "./assignment.ts";
export { type Charter, checkCharter, type CheckedCharter, defaultAgentBudget } from "./charter.ts";
export { Checker } from "./checker.ts";
export { checkTool, type ClaimedWork, claimedWork } from "./claims.ts";
export { contract, type Contract } from "./contract.ts";
export { crew, type Crew } from "./crew.ts";
export { type Deliverable, deliverTool, type Reading, structuredDeliverable, textDeliverable } from "./deliverable.ts";
export { decideHold, type HoldDecision, type HoldQuestion } from "./hold-decision.ts";
export { type HoldAnswer, holdPoint, type HoldPointOptions, type OpenRequest, type VerifyRequest } from "./hold-point.ts";
export { defaultRunBudget, type Lead, organization, type Organization, type OrganizationParts } from "./organization.ts";
export { maxSteps, type Plan, planDeliverable, type PlanStep } from "./plan.ts";
export { relay } from "./relay.ts";
export {
  type Action,
  alternationAfter,
  canonicalArguments,
  findRepetition,
  loopAfter,
  nudgeAfter,
  type RepetitionVerdict,
} from "./repetition.ts";
export { type Objection, type Review, reviewDeliverable } from "./review.ts";
export { type RecordEntry, RunRecord } from "./run-record.ts";
export { buildRun, defaultAgentAnswers, type RunPlan, type RunTree } from "./run-tree.ts";
export type { LeadOutput, RiskClass, Team } from "./team.ts";
export { ToolBox, type ToolResult } from "./tool-box.ts";
export { verifierMachine } from "./verifier.ts";
export type { AgentWorld } from "./world.ts";
