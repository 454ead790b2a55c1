export {
  ActorSystem,
  type AskOptions,
  createActorSystem,
  SystemClosedError,
  type SystemOptions,
  type WatchOptions,
} from "./actor-system.ts";
export type { BudgetHandle, Reservation } from "./budget-account.ts";
export { fromWork, type WorkDefinition } from "./from-work.ts";
export type { LintFinding, LintRule } from "./lint/finding.ts";
export { MachineLintError } from "./lint/lint-error.ts";
export { lintMachine, type LintOptions, type LintReport } from "./lint/lint-machine.ts";
export { isMachine, type Logic, typeOfLogic } from "./logic.ts";
export { act, ask, currentAsk, type From, publish, reply, tell, type TurnAction, type TurnArgs, watch } from "./machine-actions.ts";
export { machine, type MachineLogic, type MachineOptions } from "./machine.ts";
export { ignore, plain, type PlainLogic } from "./plain.ts";
export { maxIterations } from "./prepared-machine.ts";
export { guardProcess, type ProcessGuard } from "./process-guard.ts";
export type { Signal } from "./signal.ts";
export {
  type StartedChild,
  supervisor,
  type SupervisorHandle,
  supervisorHandle,
  type SupervisorLogic,
  type SupervisorMessage,
  type TemplateChild,
} from "./supervisor.ts";
export { systemClock, systemRandom } from "./system-clock.ts";
export type { TreeNode } from "./tree-view.ts";
export { NameTakenError, type Turn, TurnClosedError, type Work, type WorkContext } from "./turn.ts";
export { VirtualClock } from "./virtual-clock.ts";
