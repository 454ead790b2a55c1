export { ActorSystem, createActorSystem, SystemClosedError } from "./actor-system.ts";
export type { AskOptions, RollbackOptions, StartOptions, SystemOptions, WatchOptions } from "./system-options.ts";
export type { BudgetHandle, Reservation } from "./kernel/budget-account.ts";
export { LogicChangedError, type StoredState, TreeParkedError, type Versioned } from "./durable/logic-changed.ts";
export { fromWork, type WorkLogic } from "./machine/from-work.ts";
export { lostWorkIn, type LostWork } from "./actor/unknown-outcome.ts";
export { work, type WorkDefinition, type Works, WorkUndoneError } from "./actor/work.ts";
export type { LintFinding, LintRule } from "./lint/finding.ts";
export { MachineLintError } from "./lint/lint-error.ts";
export { lintMachine, type LintOptions, type LintReport } from "./lint/lint-machine.ts";
export { isMachine, type Logic, typeOfLogic } from "./logic.ts";
export { act, ask, currentAsk, type From, publish, reply, tell, type TurnAction, type TurnArgs, watch } from "./machine/machine-actions.ts";
export { endsOf, type MachineEnd } from "./machine/machine-exit.ts";
export type { PersistedMachine } from "./machine/migrated-machine.ts";
export { machine, type MachineLogic, type MachineOptions } from "./machine/machine.ts";
export { ignore, plain, type PlainLogic } from "./actor/plain.ts";
export { guardProcess, type ProcessGuard } from "./process-guard.ts";
export { type Change, changesBetween, describePath, type Path } from "./durable/changes.ts";
export { type EffectKey, type FullKey, parseOutward, partsOfKey, turnOfKey } from "./durable/effect-key.ts";
export { type CauseKind, causeKindOf, type MomentView, sizeOfState, viewMoment } from "./durable/moment-view.ts";
export { listPastActors, type PastActor } from "./durable/past-actors.ts";
export { UnknownTurnError, UnreadableTurnError } from "./durable/past-errors.ts";
export { lastMoment, type Moment, type PastTurn, type PlaceEnd, readTurn } from "./durable/past-turn.ts";
export { Timeline, type TimelineRange } from "./durable/timeline.ts";
export { pinGivenUp } from "./durable/given-up.ts";
export { type Parcel, readParcel, writeParcel } from "./remote/parcel.ts";
export { UnknownSpecError } from "./remote/hosted-place.ts";
export { RollbackError } from "./durable/rollback-error.ts";
export { ConsentError } from "./durable/consent-error.ts";
export { reachableCheckpoints, type ReachableCheckpoint } from "./durable/reachable-checkpoints.ts";
export { rollBackStored, type StoredRollbackOptions } from "./durable/stored-rollback.ts";
export { type CutOffWork, listCutOff, type Outcome, OutcomeError, resolveStored } from "./durable/stored-outcome.ts";
export { keysWith } from "./supervisor/answers.ts";
export type { Signal } from "./actor/signal.ts";
export {
  type StartedChild,
  supervisor,
  type SupervisorHandle,
  type SupervisorLogic,
  type SupervisorMessage,
  type TemplateChild,
} from "./supervisor/supervisor.ts";
export { systemClock, systemRandom } from "./time/system-clock.ts";
export { specBelow } from "./replay/spec-book.ts";
export { type Divergence, replay, type ReplayOptions, type ReplayReport, type SkipReason } from "./replay/replay.ts";
export type { TreeNode } from "./tree-view.ts";
export { NameTakenError, type Turn, TurnClosedError, UnknownWorkError, type Work, type WorkContext } from "./actor/turn.ts";
export { VirtualClock } from "./time/virtual-clock.ts";
