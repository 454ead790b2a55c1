/**
 * A supervisor's decision once more: what core says about the recorded evidence, from what is stored of the supervisor before it.
 *
 * Which answers of children came between two decisions, and which events waited meanwhile, is in no record. So only that is decided again
 * of which all is known: the first decision about an exit, a failure, a due attempt or a call that ends or starts a child, when nothing
 * else was under way. What carries an operation on follows from it.
 */
import {
  checkSupervisorSpec,
  childrenOfPlan,
  isStoredSupervision,
  makeSupervision,
  restoreSupervision,
  shutdownExit,
  storedChildren,
  storedRow,
  supervise,
  type CheckedSupervisorSpec,
  type Exit,
  type Failure,
  type StoredSupervision,
  type Supervision,
  type SupervisionEvent,
  type SupervisionStep,
} from "@orgtree/core";
import type { PastTurn } from "../durable/past-turn.ts";
import { isSupervisor, typeOfLogic, type Logic } from "../logic.ts";
import { describeStep } from "../supervisor/decision-record.ts";

/** A decision, and what is stored of its supervisor before and after it. */
export interface Decided {
  readonly turn: PastTurn;
  readonly logic: Logic;
  readonly before: unknown;
  readonly after: unknown;
}

/** One step of a decision, as a record has it. */
export interface DecidedStep {
  readonly kind: string;
  readonly detail: object;
}

/** Longest that the clock of a record may be from the one that was looked at for the decision, in milliseconds. */
const clockMs = 5;

/** What is decided now: several where the clock decides, or what was answered. Undefined where the evidence is not all there. Throws what is wrong with the specification. */
export function decideAgain(decided: Decided): readonly (readonly DecidedStep[])[] | undefined {
  const { turn, logic, before, after } = decided;
  if (!isSupervisor(logic) || !isStoredSupervision(before) || !isStoredSupervision(after)) return undefined;
  const spec = checkSupervisorSpec(logic.spec, turn.address, typeOfLogic);
  const all: (readonly DecidedStep[])[] = [];
  const event = eventOf(turn.cause, before);
  if (event === undefined) return undefined;
  const decide = (state: Supervision<Logic>, nowMs: number): void => {
    // The delay is drawn by lot, where it is.
    const around = { nowMs, random: { next: () => 0.5 }, decision: turn.seq };
    all.push(supervise(state, event, around).map((step) => ({ kind: step.kind, detail: stored(step, turn) })));
  };
  for (const offMs of [0, clockMs, -clockMs]) {
    const state = restore(spec, { ...decided, before });
    const nowMs = turn.atMs + offMs;
    if (state === undefined || !becomesIdle(state, { nowMs, after })) return undefined;
    decide(state, nowMs);
  }
  // It may have been the answer that was waited for.
  if (before.operation !== undefined) decide(begun(restore(spec, { ...decided, before })!), turn.atMs);
  return all;
}

/** Undefined where a child is not in the code: a call has given its specification. */
function restore(
  spec: CheckedSupervisorSpec<Logic>,
  { turn, before }: { readonly turn: PastTurn; readonly before: StoredSupervision },
): Supervision<Logic> | undefined {
  const { address, atMs } = turn;
  const state = makeSupervision(address, spec);
  const { plan } = spec;
  restoreSupervision(state, before, {
    nowMs: atMs,
    epochMs: atMs,
    // The specification of a child that a call has started is in no record.
    specOf: () => undefined,
    specsOf: (of) =>
      plan === undefined ? [] : childrenOfPlan(plan, of, { flags: spec, field: `the plan of ${address}`, typeOf: typeOfLogic }),
    restoreReply: () => undefined,
  });
  const known = storedChildren(before);
  const isSame = known.size === state.table.size && [...known.keys()].every((id) => state.table.has(id));
  return isSame ? state : undefined;
}

/** With the operation under way that is stored. */
function begun(state: Supervision<Logic>): Supervision<Logic> {
  state.operation = state.interrupted;
  state.interrupted = undefined;
  return state;
}

/**
 * Those that were being started are up, and those that were being stopped are down, which leaves no record where nothing follows from it;
 * true when nothing is under way then.
 */
function becomesIdle(state: Supervision<Logic>, { nowMs, after }: { readonly nowMs: number; readonly after: StoredSupervision }): boolean {
  begun(state);
  const around = { nowMs, random: { next: () => 0.5 } };
  for (const id of state.operation?.outstanding ?? []) {
    const status = state.table.get(id)?.status;
    if (status !== "starting" && status !== "stopping") return false;
    const answer =
      status === "starting" ? ({ kind: "started", id, info: undefined } as const) : ({ kind: "exited", id, exit: shutdownExit } as const);
    if (supervise(state, answer, around).length > 0) return false;
    // When that was is stored with what was decided next.
    if (status === "starting") state.table.get(id)!.startedMs = storedRow(after, id)?.startedMs ?? nowMs;
  }
  return state.operation === undefined;
}

function eventOf({ type, message }: PastTurn["cause"], before: StoredSupervision): SupervisionEvent<Logic> | undefined {
  const { id, exit, failure } = (message ?? {}) as { readonly id?: string; readonly exit?: Exit; readonly failure?: Failure };
  const row = id === undefined ? undefined : storedRow(before, id);
  if (id === undefined || row === undefined) return undefined;
  switch (type) {
    case "exited":
      return exit && { kind: "exited", id, exit };
    case "failed":
      return failure && { kind: "failed", id, failure };
    case "retry":
      return row.retry && { kind: "retry", id, token: row.retry.token };
    case "terminate-child":
    case "restart-child":
    case "delete-child":
      return { kind: "call", call: { kind: type, id }, reply: undefined };
    default:
      return undefined;
  }
}

/** As it is stored, but for what was drawn by lot. */
function stored(step: SupervisionStep, { effects }: PastTurn): object {
  if (step.kind !== "schedule") return describeStep(step);
  const drawn = effects.find(({ kind, detail }) => kind === "schedule" && (detail as { readonly id?: unknown }).id === step.id);
  const { delayMs } = (drawn?.detail ?? step) as { readonly delayMs: number };
  return { ...describeStep(step), delayMs };
}
