import type { RungHistory } from "./directive.ts";
import {
  makeRow,
  type ChildRow,
  type ChildStatus,
  type Operation,
  type PastChild,
  type PendingVerdict,
  type Purpose,
  type Replanning,
  type Reply,
  type SpecificationChange,
  type Supervision,
} from "./supervision-state.ts";
import type { CheckedChildSpec } from "./child-spec.ts";
import type { Failure } from "../failure.ts";

/**
 * What is stored of a supervisor, so that a new process knows its children, their restart history, the attempts that are
 * planned and what was under way. Times are in milliseconds since 1970, since the monotonic clock of another process says
 * nothing here.
 */
export interface StoredSupervision {
  /**
   * In start order, in chunks: where one row of many changed, what is stored is a chunk. A colon before each id keeps the
   * order for ids that look like numbers.
   */
  readonly rows: Readonly<Record<string, StoredChunk>>;
  readonly operation: StoredOperation | undefined;
  readonly stamps: readonly number[];
  readonly nextId: number;
  readonly lastToken: number;
  readonly plan: Supervision["plan"];
  readonly listed?: Supervision["listed"];
  readonly replans: number;
  readonly replanning: Replanning | undefined;
  /** Those whose specification is not known. */
  readonly past: Readonly<Record<`:${string}`, StoredPastChild>>;
}

/** What is stored of a child whose specification is not known. */
export type StoredPastChild = Pick<StoredRow, "status" | "restarts" | "stamps" | "history" | "verdict" | "birth"> &
  Pick<PastChild, "gaveUp">;

/** Rows that were added one after the other. */
export type StoredChunk = Readonly<Record<`:${string}`, StoredRow>>;

/** What is stored of one child. */
export interface StoredRow {
  readonly status: ChildStatus;
  readonly restarts: number;
  readonly failuresInARow: number;
  readonly startedMs: number;
  readonly stamps: readonly number[];
  readonly history: RungHistory;
  readonly retry: { readonly token: number; readonly atMs: number; readonly failure: Failure | undefined } | undefined;
  readonly verdict: PendingVerdict | undefined;
  readonly birth: number;
  /** Children of a dynamic supervisor only: what they were started with, for its template. */
  readonly input: unknown;
}

/** What is stored of an operation. */
export interface StoredOperation extends Omit<Operation, "outstanding" | "info"> {
  readonly outstanding: readonly string[];
}

/** The two clocks at one moment. */
export interface Clocks {
  readonly nowMs: number;
  readonly epochMs: number;
}

/** What the runtime knows and this does not: where an answer goes, in a form that another process understands. */
export interface ReplyForm {
  (reply: Reply): unknown;
}

const rowsInChunk = 64;

/**
 * Makes what is stored of a supervisor, again and again: of 10,000 rows of which one has changed, only its chunk is made
 * anew, and the others cost a look.
 */
export class SupervisionWriter {
  readonly #state: Supervision;
  readonly #storeReply: ReplyForm;
  /** By their numbers, as they were written last. */
  #chunks: ReadonlyMap<number, WrittenChunk> = new Map();

  constructor(state: Supervision, storeReply: ReplyForm) {
    this.#state = state;
    this.#storeReply = storeReply;
  }

  /** The supervisor as it stands. */
  write(clocks: Clocks): StoredSupervision {
    const { stamps, nextId, lastToken, operation, interrupted, plan, listed, replans, replanning } = this.#state;
    const toEpoch = (ms: number): number => (ms === -Infinity ? 0 : Math.round(ms - clocks.nowMs + clocks.epochMs));
    return {
      rows: this.#writeRows(toEpoch),
      operation: this.#writeOperation(interrupted ?? operation),
      stamps: stamps.map(toEpoch),
      nextId,
      lastToken,
      plan,
      listed,
      replans,
      replanning,
      past: Object.fromEntries(Array.from(this.#state.past, ([id, child]) => [`:${id}`, storePast(child, toEpoch)])),
    };
  }

  #writeRows(toEpoch: (ms: number) => number): StoredSupervision["rows"] {
    const how = { toEpoch, isDynamic: this.#state.spec.strategy === "dynamic" };
    const written = new Map<number, WrittenChunk>();
    const chunks: Record<string, StoredChunk> = {};
    for (const [number, rows] of chunksOf(this.#state.table)) {
      const before = this.#chunks.get(number);
      const chunk = before !== undefined && isSameChunk(before, rows) ? before : writeChunk(rows, before, how);
      written.set(number, chunk);
      chunks[number] = chunk.stored;
    }
    this.#chunks = written;
    return chunks;
  }

  #writeOperation(operation: Operation | undefined): StoredOperation | undefined {
    if (operation === undefined || operation.purpose.kind === "recover") return undefined;
    const { info: _, outstanding, purpose, ...rest } = operation;
    const stored = "reply" in purpose ? { ...purpose, reply: this.#storeReply(purpose.reply) } : purpose;
    return { ...rest, purpose: stored, outstanding: [...outstanding] };
  }
}

/** A row as it was when it was written. */
interface WrittenRow {
  readonly row: ChildRow;
  readonly seen: Readonly<ChildRow>;
  readonly stored: StoredRow;
}

interface WrittenChunk {
  readonly rows: readonly WrittenRow[];
  readonly stored: StoredChunk;
}

interface RowForm {
  readonly toEpoch: (ms: number) => number;
  readonly isDynamic: boolean;
}

type IdAndRow = readonly [id: string, row: ChildRow];

function chunksOf(table: Supervision["table"]): ReadonlyMap<number, readonly IdAndRow[]> {
  const chunks = new Map<number, IdAndRow[]>();
  let current = -1;
  let rows: IdAndRow[] = [];
  for (const entry of table) {
    const number = Math.floor(entry[1].ordinal / rowsInChunk);
    if (number !== current) {
      current = number;
      rows = chunks.get(number) ?? [];
      chunks.set(number, rows);
    }
    rows.push(entry);
  }
  return chunks;
}

function isSameChunk({ rows }: WrittenChunk, now: readonly IdAndRow[]): boolean {
  return rows.length === now.length && rows.every(({ row, seen }, at) => row === now[at]![1] && isSameRow(seen, row));
}

function writeChunk(now: readonly IdAndRow[], before: WrittenChunk | undefined, how: RowForm): WrittenChunk {
  const stored: Record<`:${string}`, StoredRow> = {};
  const rows = now.map(([id, row]): WrittenRow => {
    const known = before?.rows.find((one) => one.row === row);
    const written = known !== undefined && isSameRow(known.seen, row) ? known : { row, seen: { ...row }, stored: storeRow(row, how) };
    stored[`:${id}`] = written.stored;
    return written;
  });
  return { rows, stored };
}

/** Every field that is stored is replaced when it changes, never changed in place. */
function isSameRow(a: Readonly<ChildRow>, b: ChildRow): boolean {
  return (
    a.status === b.status &&
    a.restarts === b.restarts &&
    a.failuresInARow === b.failuresInARow &&
    a.startedMs === b.startedMs &&
    a.stamps === b.stamps &&
    a.history === b.history &&
    a.retry === b.retry &&
    a.verdict === b.verdict &&
    a.birth === b.birth &&
    a.spec === b.spec &&
    a.ordinal === b.ordinal
  );
}

function storeRow(row: ChildRow, { toEpoch, isDynamic }: RowForm): StoredRow {
  const { status, restarts, failuresInARow, startedMs, stamps, history, retry, spec, verdict, birth } = row;
  return {
    status,
    restarts,
    failuresInARow,
    startedMs: toEpoch(startedMs),
    stamps: stamps.map(toEpoch),
    history: mapHistory(history, toEpoch),
    retry: retry === undefined ? undefined : { ...retry, atMs: toEpoch(retry.atMs) },
    verdict: verdict === undefined ? undefined : { ...verdict, history: {} },
    birth,
    input: isDynamic ? spec.input : undefined,
  };
}

function storePast({ stamps, history, ...rest }: PastChild, toEpoch: (ms: number) => number): StoredPastChild {
  return { ...rest, stamps: stamps.map(toEpoch), history: mapHistory(history, toEpoch) };
}

function mapHistory(history: RungHistory, map: (ms: number) => number): RungHistory {
  return Object.fromEntries(Object.entries(history).map(([rung, stamps]) => [rung, stamps.map(map)]));
}

/** True for what a `SupervisionWriter` wrote. */
export function isStoredSupervision(state: unknown): state is StoredSupervision {
  const { rows, stamps, nextId, lastToken } = (state ?? {}) as Partial<StoredSupervision>;
  return typeof rows === "object" && Array.isArray(stamps) && typeof nextId === "number" && typeof lastToken === "number";
}

/** A supervisor as it was at a checkpoint, with the restart history of now: what was used up stays used up. */
export function rollBackSupervision(atCut: StoredSupervision, now: StoredSupervision): StoredSupervision {
  const known = new Map<string, StoredRow>();
  for (const chunk of Object.values(now.rows)) for (const [id, row] of Object.entries(chunk)) known.set(id, row);
  const rows: Record<string, StoredChunk> = {};
  for (const [number, chunk] of Object.entries(atCut.rows)) {
    rows[number] = Object.fromEntries(
      Object.entries(chunk).map(([id, row]) => {
        const { stamps, history, restarts } = known.get(id) ?? row;
        return [id, { ...row, stamps, history, restarts }];
      }),
    );
  }
  const { stamps, nextId, lastToken, replans } = now;
  const { operation, plan, listed, replanning, past } = atCut;
  return { rows, operation, stamps, nextId: Math.max(nextId, atCut.nextId), lastToken, plan, listed, replans, replanning, past };
}

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
  const toNow = (ms: number): number => (ms === 0 ? -Infinity : ms - around.epochMs + around.nowMs);
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
  for (const chunk of Object.values(stored.rows)) {
    for (const [key, row] of Object.entries(chunk)) {
      const id = key.slice(1);
      const own = state.table.get(id) ?? newRow(state, id, around.specOf(id, row.input));
      if (own === undefined) state.past.set(id, restorePast(row, toNow));
      else restoreRow(own, row, toNow);
    }
  }
  rememberPast(state, stored.past, toNow);
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
  const toNow = (ms: number): number => (ms === 0 ? -Infinity : ms - around.epochMs + around.nowMs);
  state.nextId = stored.nextId;
  rememberPast(state, stored.past, toNow);
  for (const chunk of Object.values(stored.rows)) rememberPast(state, chunk, toNow);
}

function rememberPast(state: Supervision, children: StoredSupervision["past"], toNow: (ms: number) => number): void {
  for (const [key, child] of Object.entries(children)) state.past.set(key.slice(1), restorePast(child, toNow));
}

function restorePast(stored: StoredPastChild, toNow: (ms: number) => number): PastChild {
  const { status, restarts, stamps, history, verdict, birth, gaveUp } = stored;
  const past = { status, restarts, stamps: stamps.map(toNow), history: mapHistory(history, toNow), verdict, birth };
  return gaveUp === undefined ? past : { ...past, gaveUp };
}

function restoreRow(own: ChildRow, row: StoredRow, toNow: (ms: number) => number): void {
  own.status = row.status;
  own.restarts = row.restarts;
  own.failuresInARow = row.failuresInARow;
  own.startedMs = toNow(row.startedMs);
  own.stamps = row.stamps.map(toNow);
  own.history = mapHistory(row.history, toNow);
  own.retry = row.retry === undefined ? undefined : { ...row.retry, atMs: toNow(row.retry.atMs) };
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
