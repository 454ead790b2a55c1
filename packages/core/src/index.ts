export {
  type Address,
  checkAddress,
  checkSegment,
  childAddress,
  idOf,
  isWithin,
  labelOf,
  topOf,
  maxDepth,
  parentAddress,
  rootAddress,
} from "./address.ts";
export {
  hasRevealed,
  leaksIn,
  makeSecret,
  redact,
  redactText,
  reveal,
  type Secret,
  SecretMissingError,
  type SecretSource,
} from "./secret.ts";
export { type Backoff, backoffMs, makeBackoff } from "./supervision/backoff.ts";
export {
  type Account,
  addAmounts,
  type Amount,
  type Budget,
  checkBudget,
  isNothing,
  leftOf,
  noAmount,
  openAccount,
  perDimension,
  reserve,
  settle,
  splitAmount,
  subtractAmounts,
  toMicroUsd,
} from "./budget.ts";
export { type CheckedChildSpec, checkChildSpec, type ChildSpec, type ShutdownMs, withoutInput } from "./supervision/child-spec.ts";
export {
  type Directive,
  type DirectiveVerdict,
  type FailureKey,
  isNamed,
  type Ladder,
  ladderFor,
  mayResume,
  type OnFailure,
  type Rung,
  type RungHistory,
} from "./supervision/directive.ts";
export { type DeadLetter, type DeadLetterReason, type Envelope, isReservedType, type ReplyTo } from "./envelope.ts";
export { GivenUpError, type GivingUp, type TurnPlace } from "./supervision/given-up-error.ts";
export type { CheckContext, CheckOutcome, Evidence, Verdict } from "./evidence.ts";
export {
  AddressError,
  AskFailedError,
  AskTimeoutError,
  BudgetExhaustedError,
  ExpectedError,
  MailboxFullError,
  MessageRefusedError,
  RoleViolationError,
  SpecError,
  type SupervisorCallCode,
  SupervisorCallError,
  UnknownRecipientError,
} from "./errors.ts";
export type { LaterEffect, RedeliveredMessage, RollbackReport, SupervisorReport, SystemEvent, SystemEventOf } from "./events.ts";
export { checkExit, describeExit, type Exit, failureOf, isQuiet, killedExit, shutdownExit } from "./exit.ts";
export {
  causeChain,
  describeFailure,
  type Failure,
  type FailureClass,
  failureClasses,
  failureClassOf,
  FailureError,
  maxCauseDepth,
  readFailure,
  reviveError,
  toFailure,
} from "./failure.ts";
export { type IntensityVerdict, type RestartIntensity } from "./supervision/intensity.ts";
export {
  type AttemptMeter,
  type EndedCall,
  type FinishReason,
  type ModelCallOptions,
  type ModelClient,
  ModelError,
  type ModelErrorKind,
  type ModelMessage,
  type ModelRequest,
  type ModelResponse,
  type ModelUsage,
  type ToolCall,
  type ToolDescription,
} from "./model.ts";
export type { Clock, EffectRecord, Logger, Observer, Random } from "./ports.ts";
export { type AfterExit, type AutoShutdown, type RestartType, type Strategy } from "./supervision/strategy.ts";
export {
  type CheckedSupervisorSpec,
  checkChildOf,
  checkSupervisorSpec,
  childrenOfPlan,
  type SupervisorSpec,
  type TypeOf,
} from "./supervision/supervisor-spec.ts";
export { rememberChildren, restoreSupervision } from "./supervision/restored-supervision.ts";
export {
  type Clocks,
  isStoredSupervision,
  rollBackSupervision,
  storedChild,
  storedChildren,
  storedPast,
  storedRow,
  type StoredSupervision,
  withRunningChild,
} from "./supervision/stored-supervision.ts";
export { SupervisionWriter } from "./supervision/supervision-writer.ts";
export { checkPlanner, type PlanSpec, type ReplanRequest, type TriedRung } from "./supervision/plan-spec.ts";
export { countChildren, isQuery, listChildren } from "./supervision/supervision-call.ts";
export {
  type CallResult,
  type ChildCounts,
  type ChildInfo,
  type ChildRow,
  type ChildStatus,
  makeSupervision,
  type PastChild,
  type PlannerBrief,
  type Reply,
  type SpecificationChange,
  type Supervision,
  type SupervisionEvent,
  type SupervisionStep,
  type SupervisorCall,
  type Surroundings,
} from "./supervision/supervision-state.ts";
export { supervise } from "./supervision/supervision.ts";
export { type Tool, type ToolContext, ToolError, type ToolErrorKind, type ToolKind } from "./tool.ts";
export { parseToolInput } from "./tool-input.ts";
export { checkFields } from "./known-fields.ts";
export { checkCount, checkLeast, checkPositive, checkWord } from "./value-check.ts";
export { nearestName } from "./nearest-name.ts";
export { isPermitted } from "./recipients.ts";
export {
  type Compaction,
  type CompactionResult,
  type Entry,
  type EntryKind,
  type EntryQuery,
  type Image,
  type Journal,
  JournalCompactedError,
  JournalConflictError,
  JournalDamagedError,
  JournalError,
  JournalFencedError,
  JournalFullError,
  JournalLockedError,
  JournalMovedError,
  type JournalReader,
  JournalVersionError,
  type NewEntry,
  type Pin,
} from "./journal/journal.ts";
export { decode, encode } from "./journal/codec.ts";
export { decideCut, decideRemovals, type EntryFacts } from "./journal/compaction.ts";
export { checkEntries } from "./journal/new-entry.ts";
export { Pins } from "./journal/pins.ts";
export { newRun } from "./journal/run-name.ts";
export { checkPosition } from "./journal/position-check.ts";
export { type Delta, diff, patch } from "./journal/delta.ts";
export { legible } from "./journal/legible.ts";
export { checkStorable, maxRecordLevels, NotStorableError, seal } from "./journal/storable.ts";
export type { SendOptions, SendOutcome, SendRefusal, Transport, TransportReceiver } from "./transport/transport.ts";
export type { Endpoint, PacketListener, PacketOptions, Wire, WireEvent } from "./transport/wire.ts";
export { LeaseError, type LeaseEvent, type LeaseRecord, type Leases } from "./transport/leases.ts";
