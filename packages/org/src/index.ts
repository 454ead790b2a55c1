export {
  agent,
  type AgentDefinition,
  type AgentKind,
  type AgentOptions,
  critic,
  customAgent,
  planner,
  type AgentSupervision,
  verifier,
} from "./agent.ts";
export type { AgentModel } from "./agent-model.ts";
export type { AgentEvent, Assignment, Delivery } from "./assignment.ts";
export type { Charter, CheckedCharter } from "./charter.ts";
export { CheckOutcomeError } from "./check-outcome.ts";
export type { Checker } from "./checker.ts";
export type { ClaimedWork } from "./claims.ts";
export type { ArtefactContext, Check, Contract, Criterion, RunContract } from "./contract.ts";
export { crew } from "./crew.ts";
export type { HoldAnswer, OpenRequest, VerifyRequest } from "./hold-point.ts";
export { checkLogics } from "./logic-check.ts";
export { checkModels, countsDollars, withoutDollars } from "./model-check.ts";
export { isOrganization, organization, type Organization, type OrganizationParts, runBudget, type WorksOn } from "./organization.ts";
export type { Part } from "./part.ts";
export { relay } from "./relay.ts";
export { roleContacts, type RoleContacts } from "./role-contacts.ts";
export { type RecordEntry, type RecordView, RunRecord } from "./run-record.ts";
export { buildRun, type RunParts, type RunTree } from "./run-tree.ts";
export type { Lead, LeadOutput, RiskClass, Team } from "./team.ts";
export type { ToolBox, ToolResult } from "./tool-box.ts";
export { FingerprintError } from "./work-fingerprint.ts";
export type { AgentWorld } from "./world.ts";
