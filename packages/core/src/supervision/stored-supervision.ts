import type { RungHistory } from "./directive.ts";
import { makeRow, type ChildRow, type ChildStatus, type Supervision } from "./supervision-state.ts";
import type { CheckedChildSpec } from "./child-spec.ts";
import type { Failure } from "../failure.ts";

/**
 * What is stored of a supervisor, so that a new process knows its children, their restart history and the attempts that are
 * planned. Times are in milliseconds since 1970, since the monotonic clock of another process says nothing here.
 */
export interface StoredSupervision {
  /** In start order. A colon before each id keeps that order for ids that look like numbers. */
  readonly rows: Readonly<Record<`:${string}`, StoredRow>>;
  readonly stamps: readonly number[];
  readonly nextId: number;
  readonly lastToken: number;
}

/** What is stored of one child. */
export interface StoredRow {
  readonly status: ChildStatus;
  readonly restarts: number;
  readonly failuresInARow: number;
  readonly startedMs: number;
  readonly stamps: readonly number[];
  readonly history: RungHistory;
  readonly retry: { readonly token: number; readonly atMs: number; readonly failure: Failure | undefined } | undefined;
  /** Children of a dynamic supervisor only: what they were started with, for its template. */
  readonly input: unknown;
}

/** The two clocks at one moment. */
export interface Clocks {
  readonly nowMs: number;
  readonly epochMs: number;
}

/** A supervisor as it is stored. */
export function storeSupervision(state: Supervision, clocks: Clocks): StoredSupervision {
  const toEpoch = (ms: number): number => (ms === -Infinity ? 0 : ms - clocks.nowMs + clocks.epochMs);
  const isDynamic = state.spec.strategy === "dynamic";
  const rows: Record<string, StoredRow> = {};
  for (const [id, row] of state.table) rows[`:${id}`] = storeRow(row, toEpoch, isDynamic);
  return { rows, stamps: state.stamps.map(toEpoch), nextId: state.nextId, lastToken: state.lastToken };
}

function storeRow(row: ChildRow, toEpoch: (ms: number) => number, isDynamic: boolean): StoredRow {
  const { status, restarts, failuresInARow, startedMs, stamps, history, retry, spec } = row;
  return {
    status,
    restarts,
    failuresInARow,
    startedMs: toEpoch(startedMs),
    stamps: stamps.map(toEpoch),
    history: mapHistory(history, toEpoch),
    retry: retry === undefined ? undefined : { ...retry, atMs: toEpoch(retry.atMs) },
    input: isDynamic ? spec.input : undefined,
  };
}

function mapHistory(history: RungHistory, map: (ms: number) => number): RungHistory {
  return Object.fromEntries(Object.entries(history).map(([rung, stamps]) => [rung, stamps.map(map)]));
}

/**
 * Puts what was stored into a supervisor that has not begun. Children that its specification does not have any more are left
 * out; `specOf` gives the specification of a child of a dynamic supervisor, where there still is one.
 */
export function restoreSupervision<L>(
  state: Supervision<L>,
  stored: StoredSupervision,
  around: Clocks & { readonly specOf: (id: string, input: unknown) => CheckedChildSpec<L> | undefined },
): void {
  const toNow = (ms: number): number => (ms === 0 ? -Infinity : ms - around.epochMs + around.nowMs);
  state.stamps = stored.stamps.map(toNow);
  state.nextId = stored.nextId;
  state.lastToken = stored.lastToken;
  for (const [key, row] of Object.entries(stored.rows)) {
    const id = key.slice(1);
    const own = state.table.get(id) ?? newRow(state, id, around.specOf(id, row.input));
    if (own === undefined) continue;
    own.status = row.status === "stopping" ? "stopped" : row.status;
    own.restarts = row.restarts;
    own.failuresInARow = row.failuresInARow;
    own.startedMs = toNow(row.startedMs);
    own.stamps = row.stamps.map(toNow);
    own.history = mapHistory(row.history, toNow);
    own.retry = row.retry === undefined ? undefined : { ...row.retry, atMs: toNow(row.retry.atMs) };
  }
}

function newRow<L>(state: Supervision<L>, id: string, spec: CheckedChildSpec<L> | undefined): ChildRow<L> | undefined {
  if (spec === undefined) return undefined;
  const row = makeRow(spec);
  state.table.set(id, row);
  return row;
}
