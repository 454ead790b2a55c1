import type { Address } from "../address.ts";
import type { CheckedChildSpec } from "./child-spec.ts";
import type { DirectiveVerdict, RungHistory } from "./directive.ts";
import type { ExpectedError } from "../errors.ts";
import type { RollbackReport, SupervisorReport } from "../events.ts";
import type { Exit } from "../exit.ts";
import type { Failure } from "../failure.ts";
import type { Random } from "../ports.ts";
import type { GivingUp } from "./given-up-error.ts";
import type { ReplanRequest } from "./plan-spec.ts";
import type { CheckedSupervisorSpec } from "./supervisor-spec.ts";

/**
 * The state of one supervisor and the words in which it is driven: events in, steps out.
 *
 * The state belongs to one supervisor actor and is changed in place: a table of 100,000 children cannot be copied per
 * exit. Everything that reads or changes it is a deterministic function of state, event and `Surroundings`.
 */
export interface Supervision<L = unknown> {
  readonly address: Address;
  spec: CheckedSupervisorSpec<L>;
  /** In start order; a restarted child keeps its place. */
  readonly table: Map<string, ChildRow<L>>;
  /** Restart attempts within the intensity window, monotonic milliseconds. */
  stamps: readonly number[];
  /** What is being carried out; while there is one, other events wait in `queue`. */
  operation: Operation | undefined;
  readonly queue: SupervisionEvent<L>[];
  /** Place of the next event in `queue`. */
  queueAt: number;
  /** The newest event of each child in `queue`; one that is not here has been overtaken and no longer counts. */
  readonly waiting: Map<string, ChildEvent>;
  /** The root never gives up: it drops the child that cannot be helped and tells people. */
  readonly isRoot: boolean;
  /** What is stored outlives the process: a tree that the root gives up because of a failure is not begun afresh unless somebody says so. */
  keepsGivenUp: boolean;
  /** Numbers the ids of dynamic children that were started without one. */
  nextId: number;
  /** Numbers the planned attempts of all children, so that an old timer never fits a newer child of the same id. */
  lastToken: number;
  /** Numbers the rows. */
  nextOrdinal: number;
  /** The plan of now, where the children follow from one; the first has version 1. */
  plan: { readonly version: number; readonly plan: unknown } | undefined;
  /**
   * The children of the specification of which it is decided what becomes of them, also those that are gone; what the code has otherwise
   * later has changed. None where they follow from a plan, which is stored.
   */
  listed: readonly string[] | undefined;
  /** New plans that were made. Never goes back. */
  replans: number;
  /** A new plan is being made. */
  replanning: Replanning | undefined;
  /**
   * Children of an earlier process whose specification nobody has given yet: those of the root, and those that were added to a
   * supervisor by hand. Whoever is started under such an id goes on where that one was. Those that the root has given up stay here.
   */
  readonly past: Map<string, PastChild>;
  /** What was under way when the process ended; carried on when the children that ran are there again. */
  interrupted: Operation | undefined;
}

/** Somebody's failure for which a new plan is being made. */
export interface Replanning {
  readonly id: string;
  readonly token: number;
  readonly why: FailedAttempt;
  readonly isAsked: boolean;
}

/** What a planner is to know of the past of a child. */
export type PlannerBrief = Pick<ReplanRequest, "checkpoint" | "standing">;

/** Where a child stands. `restarting` waits for its next attempt, `stopped` has a spec and no process. */
export type ChildStatus = "starting" | "running" | "stopping" | "restarting" | "stopped";

/** One child of a supervisor. */
export interface ChildRow<L = unknown> {
  spec: CheckedChildSpec<L>;
  status: ChildStatus;
  /** Successful restarts since it was first started. */
  restarts: number;
  failuresInARow: number;
  /** When its newest process came up, monotonic milliseconds. */
  startedMs: number;
  /** The root's children share no intensity: each has its own attempts here, so one run cannot spoil another. */
  stamps: readonly number[];
  /** The next attempt, while it is `restarting`. */
  retry: Retry | undefined;
  history: RungHistory;
  /** Decided while the child was suspended, to be used when its exit arrives. */
  verdict: PendingVerdict | undefined;
  /** The decision by which its newest process was started; see `Surroundings.decision`. */
  birth: number;
  /** Its place in the order of all children that were ever added. */
  readonly ordinal: number;
}

/** What is to become of a suspended child, once it has ended with the failure. */
export interface PendingVerdict extends DirectiveVerdict {
  readonly failure: Failure;
}

/** What is known of a child before its specification is. */
export interface PastChild extends Pick<ChildRow, "status" | "restarts" | "stamps" | "history" | "verdict" | "birth"> {
  /** The root only: it does not run, and is kept as it is. */
  readonly gaveUp?: GivingUp | undefined;
}

/** A planned restart attempt. */
export interface Retry {
  /** Only the newest attempt counts; a timer with another token is stale. */
  readonly token: number;
  readonly atMs: number;
  /** The whole wait. */
  readonly delayMs: number;
  /** What made it necessary; undefined after a quiet exit. */
  readonly failure: Failure | undefined;
}

/** Stops `toStop` one after the other (or all at once), then starts `toStart` one after the other. */
export interface Operation {
  readonly purpose: Purpose;
  readonly toStop: readonly string[];
  stopAt: number;
  readonly toStart: readonly string[];
  startAt: number;
  /** Who is to be rolled back between the stops and the starts. */
  rewind: string | undefined;
  /** All stops are signalled at once and share the time; the rule of dynamic supervisors. */
  readonly parallel: boolean;
  /** Children whose stop or start is under way. */
  readonly outstanding: Set<string>;
  /** What the initial step of the child gave back, for whoever asked for it. */
  info: unknown;
}

/** Why an operation is carried out, and who hears of its end. */
export type Purpose =
  | { readonly kind: "init" }
  | { readonly kind: "recover" }
  | { readonly kind: "restart"; readonly child: string }
  | {
      readonly kind: "rollback";
      readonly child: string;
      readonly target: RollbackTarget;
      readonly why: FailedAttempt | undefined;
      readonly reply: Reply;
    }
  /** Children that are new in the code. */
  | { readonly kind: "added" }
  /** `removed`: children of the old plan that the new one does not have. */
  | { readonly kind: "replan"; readonly child: string; readonly removed: readonly string[] }
  | { readonly kind: "shutdown"; readonly exit: Exit }
  /** `drops`: the child was refused to whoever wanted to start it, so its spec goes too. */
  | { readonly kind: "terminate"; readonly child: string; readonly reply: Reply; readonly drops: boolean }
  | { readonly kind: "start-child"; readonly child: string; readonly reply: Reply }
  | { readonly kind: "restart-child"; readonly child: string; readonly reply: Reply };

/** Where a child is rolled back to. */
export interface RollbackTarget {
  /** The name of a checkpoint, or the number of a turn of the child; the newest checkpoint where there is neither. */
  readonly to: string | number | undefined;
  /** The decision that the child's new life begins by; see `ChildRow.birth`. */
  readonly birth: number;
}

/** A failure, and the rung that was tried for it. */
export interface FailedAttempt {
  readonly failure: Failure;
  readonly rung: number;
}

/** A token of the runtime's that says where an answer goes. */
export type Reply = unknown;

/** An administrative call. Specs in it have been checked. Children are named by id. */
export type SupervisorCall<L = unknown> =
  /** `isFresh`, the root only: whoever lived there is given up for good. */
  | { readonly kind: "start-child"; readonly spec: CheckedChildSpec<L>; readonly isFresh?: boolean }
  | { readonly kind: "terminate-child"; readonly id: string }
  | { readonly kind: "restart-child"; readonly id: string }
  | { readonly kind: "delete-child"; readonly id: string }
  /** `from`: who asks, where it is an actor. */
  | {
      readonly kind: "rollback-child";
      readonly id: string;
      readonly to: string | number | undefined;
      readonly from: Address | undefined;
    }
  | { readonly kind: "list-children" }
  | { readonly kind: "count-children" }
  | { readonly kind: "get-child-spec"; readonly id: string }
  | { readonly kind: "change-spec"; readonly spec: CheckedSupervisorSpec<L> };

/** The answer to a call. */
export type CallResult = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: ExpectedError };

/** A child as `list-children` shows it. */
export interface ChildInfo {
  readonly id: string;
  /** Undefined while it has no process. */
  readonly address: Address | undefined;
  readonly type: "worker" | "supervisor";
  readonly status: ChildStatus;
  readonly restarts: number;
  /** Monotonic time of the next attempt, while it waits for one. */
  readonly retryAtMs: number | undefined;
}

/** OTP's four numbers. */
export interface ChildCounts {
  readonly specs: number;
  readonly active: number;
  readonly supervisors: number;
  readonly workers: number;
}

/** What a supervisor hears. */
export type SupervisionEvent<L = unknown> =
  | { readonly kind: "begin" }
  /** It was restored: the children that ran when its process ended are to run again, as they were. */
  | { readonly kind: "recover" }
  | { readonly kind: "started"; readonly id: string; readonly info: unknown }
  | { readonly kind: "start-ignored"; readonly id: string }
  | { readonly kind: "start-failed"; readonly id: string; readonly failure: Failure }
  | { readonly kind: "exited"; readonly id: string; readonly exit: Exit }
  /** The child failed, is suspended and may be resumed: it waits for a directive. */
  | { readonly kind: "failed"; readonly id: string; readonly failure: Failure }
  | { readonly kind: "retry"; readonly id: string; readonly token: number }
  | { readonly kind: "rolled-back"; readonly id: string; readonly report: RollbackReport }
  | { readonly kind: "planner-briefed"; readonly token: number; readonly brief: PlannerBrief }
  /** `reply`: what the answer came as. */
  | {
      readonly kind: "replanned";
      readonly token: number;
      readonly plan: unknown;
      readonly specs: readonly CheckedChildSpec<L>[];
      readonly reply: Reply;
    }
  | { readonly kind: "replan-failed"; readonly token: number; readonly failure: Failure; readonly reply: Reply }
  | { readonly kind: "rollback-failed"; readonly id: string; readonly failure: Failure }
  /** It was restored, its tree is there again, and the code has other children than what is stored. */
  | ({ readonly kind: "specification-changed" } & SpecificationChange)
  | { readonly kind: "call"; readonly call: SupervisorCall<L>; readonly reply: Reply }
  | { readonly kind: "stop"; readonly exit: Exit };

/** The children that are in the code and were not in what it was when it was stored, and the other way round. */
export interface SpecificationChange {
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

/** What a child says of itself, unasked. */
export type ChildEvent = Extract<SupervisionEvent, { kind: "exited" | "failed" }>;

/** What a supervisor does. Each `start` and `stop` is answered by exactly one event. */
export type SupervisionStep =
  /** Answered by `started`, `start-ignored` or `start-failed`. */
  | { readonly kind: "start"; readonly id: string }
  /** Ends the incarnation within its shutdown time; the mailbox stays. Answered by `exited`. */
  | { readonly kind: "stop"; readonly id: string }
  /** Ends a suspended child with its failure. Answered by `exited`. */
  | { readonly kind: "end"; readonly id: string }
  /** What is stored of a child that is down, and of all below it, becomes what it was. Answered by `rolled-back` or `rollback-failed`. */
  | { readonly kind: "rollback"; readonly id: string; readonly target: RollbackTarget }
  /** Looks up what a planner is to know. Answered by `planner-briefed`. */
  | { readonly kind: "brief-planner"; readonly id: string; readonly token: number }
  /** Answered by `replanned` or `replan-failed`. */
  | {
      readonly kind: "ask-planner";
      readonly id: string;
      readonly token: number;
      readonly planner: Address;
      readonly message: ReplanRequest;
      readonly timeoutMs: number;
    }
  /** A suspended child goes on; no answer. */
  | { readonly kind: "resume"; readonly id: string }
  /** A child that runs goes on under the spec that is now in its row; no answer. */
  | { readonly kind: "change-spec"; readonly id: string }
  /** The address is given up; what is in the mailbox becomes dead letters. The spec stays, and what was spent stays spent. */
  | { readonly kind: "forget"; readonly id: string }
  /** The spec goes as well: whoever is started here later is somebody else. */
  | { readonly kind: "drop"; readonly id: string }
  /** Somebody of an earlier process whom nobody starts any more: the place and all below it are given up for good, what was spent stays spent. */
  | { readonly kind: "remove"; readonly id: string }
  /** Answered by `retry` after the delay; a delay of 0 means behind everything that is in the mailbox now. */
  | { readonly kind: "schedule"; readonly id: string; readonly token: number; readonly delayMs: number; readonly attempt: number }
  | { readonly kind: "cancel"; readonly id: string }
  | { readonly kind: "reply"; readonly reply: Reply; readonly result: CallResult }
  | { readonly kind: "report"; readonly report: SupervisorReport }
  | { readonly kind: "escalate-to-root"; readonly id: string; readonly failure: Failure }
  /** All children of the initial list are up. */
  | { readonly kind: "ready" }
  | { readonly kind: "exit"; readonly exit: Exit };

/** What the decisions read of the world. */
export interface Surroundings {
  readonly nowMs: number;
  readonly random: Random;
  /** The number of this decision, which no other of this supervisor ever has; tells a child's lives apart. Default 0. */
  readonly decision?: number;
}

/** One turn of a supervisor: where the steps are collected, beside what the decisions read. */
export interface SupervisionTurn<L = unknown> {
  readonly state: Supervision<L>;
  readonly around: Surroundings;
  readonly steps: SupervisionStep[];
}

/** A supervisor that has not begun yet. */
export function makeSupervision<L>(address: Address, spec: CheckedSupervisorSpec<L>, isRoot = false): Supervision<L> {
  const state: Supervision<L> = {
    address,
    spec,
    table: new Map(),
    stamps: [],
    operation: undefined,
    queue: [],
    queueAt: 0,
    waiting: new Map(),
    isRoot,
    keepsGivenUp: false,
    nextId: 1,
    lastToken: 0,
    nextOrdinal: 0,
    plan: spec.plan === undefined ? undefined : { version: 1, plan: spec.plan.initial },
    listed: spec.plan === undefined ? spec.children.map(({ id }) => id) : undefined,
    replans: 0,
    replanning: undefined,
    past: new Map(),
    interrupted: undefined,
  };
  for (const child of spec.children) state.table.set(child.id, makeRow(state, child));
  return state;
}

/** A child that has not been started yet. */
export function makeRow<L>(state: Supervision<L>, spec: CheckedChildSpec<L>): ChildRow<L> {
  return {
    spec,
    status: "stopped",
    restarts: 0,
    failuresInARow: 0,
    startedMs: -Infinity,
    stamps: noStamps,
    retry: undefined,
    history: noHistory,
    verdict: undefined,
    birth: 0,
    ordinal: state.nextOrdinal++,
  };
}

const noHistory: RungHistory = {};
const noStamps: readonly number[] = [];

/** True when the child has no process and none is on its way. */
export function isDown(row: ChildRow): boolean {
  return row.status === "stopped" || row.status === "restarting";
}
