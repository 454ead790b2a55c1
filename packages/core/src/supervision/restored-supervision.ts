import {
  makeRow,
  type ChildRow,
  type Operation,
  type Purpose,
  type Reply,
  type SpecificationChange,
  type Supervision,
} from "./supervision-state.ts";
import type { CheckedChildSpec } from "./child-spec.ts";
import {
  type ClockShift,
  clockShift,
  shiftHistory,
  shiftPast,
  storedChildren,
  storedPast,
  type Clocks,
  type StoredOperation,
  type StoredPastChild,
  type StoredRow,
  type StoredSupervision,
} from "./stored-supervision.ts";

/** What a restore needs of the runtime. */
export interface RestoreAround<L> extends Clocks {
  /** The specification of a child of a dynamic supervisor, where there still is one. */
  readonly specOf: (id: string, input: unknown) => CheckedChildSpec<L> | undefined;
  /** The children of a plan. */
  readonly specsOf: (plan: unknown) => readonly CheckedChildSpec<L>[];
  /** The reverse of what `SupervisionWriter` was given. */
  readonly restoreReply: (stored: unknown) => Reply;
}

/**
 * Puts what was stored into a supervisor that has not begun. Children whose specification is not known are kept in mind, until
 * somebody starts them, or it is decided that nobody will. Gives back what has changed in the code.
 */
export function restoreSupervision<L>(state: Supervision<L>, stored: StoredSupervision, around: RestoreAround<L>): SpecificationChange {
  const shift = clockShift(around);
  const { toNow } = shift;
  state.stamps = stored.stamps.map(toNow);
  state.nextId = stored.nextId;
  state.lastToken = stored.lastToken;
  state.replans = stored.replans;
  state.replanning = stored.replanning;
  if (stored.plan !== undefined && state.plan !== undefined) {
    state.plan = stored.plan;
    state.table.clear();
    for (const spec of around.specsOf(stored.plan.plan)) state.table.set(spec.id, makeRow(state, spec));
  }
  for (const [id, row] of storedChildren(stored)) {
    const own = state.table.get(id) ?? newRow(state, id, around.specOf(id, row.input));
    if (own === undefined) state.past.set(id, shiftPast(row, toNow));
    else restoreRow(own, row, shift);
  }
  rememberPast(state, storedPast(stored), toNow);
  if (stored.operation !== undefined) state.interrupted = restoreOperation(stored.operation, around.restoreReply);
  return compareListed(state, stored);
}

/** Until it is decided what becomes of them, the list that is stored stays. */
function compareListed(state: Supervision, { listed: before }: StoredSupervision): SpecificationChange {
  const { listed: now } = state;
  if (before === undefined || now === undefined) return { added: [], removed: [] };
  state.listed = before;
  const [known, wanted] = [new Set(before), new Set(now)];
  return { added: now.filter((id) => !known.has(id)), removed: before.filter((id) => !wanted.has(id)) };
}

/** Keeps in mind all children of an earlier process; for the root, whose children people start again. */
export function rememberChildren(state: Supervision, stored: StoredSupervision, around: Clocks): void {
  const { toNow } = clockShift(around);
  state.nextId = stored.nextId;
  rememberPast(state, storedPast(stored), toNow);
  rememberPast(state, storedChildren(stored), toNow);
}

function rememberPast(state: Supervision, children: ReadonlyMap<string, StoredPastChild>, toNow: (ms: number) => number): void {
  for (const [id, child] of children) state.past.set(id, shiftPast(child, toNow));
}

function restoreRow(own: ChildRow, row: StoredRow, { toNow, toDue }: ClockShift): void {
  own.status = row.status;
  own.restarts = row.restarts;
  own.failuresInARow = row.failuresInARow;
  own.startedMs = toNow(row.startedMs);
  own.stamps = row.stamps.map(toNow);
  own.history = shiftHistory(row.history, toNow);
  own.retry = row.retry === undefined ? undefined : { ...row.retry, atMs: toDue(row.retry.atMs, row.retry.delayMs) };
  own.verdict = row.verdict;
  own.birth = row.birth;
}

function restoreOperation({ purpose, outstanding, ...rest }: StoredOperation, restoreReply: (stored: unknown) => Reply): Operation {
  const known: Purpose = "reply" in purpose ? { ...purpose, reply: restoreReply(purpose.reply) } : purpose;
  return { ...rest, purpose: known, outstanding: new Set(outstanding), info: undefined };
}

function newRow<L>(state: Supervision<L>, id: string, spec: CheckedChildSpec<L> | undefined): ChildRow<L> | undefined {
  if (spec === undefined) return undefined;
  const row = makeRow(state, spec);
  state.table.set(id, row);
  return row;
}
