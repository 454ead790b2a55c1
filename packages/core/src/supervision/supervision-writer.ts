import type { ChildRow, Operation, Reply, Supervision } from "./supervision-state.ts";
import {
  childKey,
  clockShift,
  shiftHistory,
  shiftPast,
  type Clocks,
  type StoredChunk,
  type StoredOperation,
  type StoredRow,
  type StoredSupervision,
} from "./stored-supervision.ts";

const rowsInChunk = 64;

/**
 * Makes what is stored of a supervisor, again and again: of 10,000 rows of which one has changed, only its chunk is made
 * anew, and the others cost a look.
 */
export class SupervisionWriter {
  readonly #state: Supervision;
  readonly #storeReply: (reply: Reply) => unknown;
  /** By their numbers, as they were written last. */
  #chunks: ReadonlyMap<number, WrittenChunk> = new Map();

  /** `storeReply`: where an answer goes, in a form that another process understands, is the business of the runtime. */
  constructor(state: Supervision, storeReply: (reply: Reply) => unknown) {
    this.#state = state;
    this.#storeReply = storeReply;
  }

  /** The supervisor as it stands. */
  write(clocks: Clocks): StoredSupervision {
    const { stamps, nextId, lastToken, operation, interrupted, plan, listed, replans, replanning } = this.#state;
    const { toEpoch } = clockShift(clocks);
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
      past: Object.fromEntries(Array.from(this.#state.past, ([id, child]) => [childKey(id), shiftPast(child, toEpoch)])),
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
    stored[childKey(id)] = written.stored;
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
    history: shiftHistory(history, toEpoch),
    retry: retry === undefined ? undefined : { ...retry, atMs: toEpoch(retry.atMs) },
    verdict: verdict === undefined ? undefined : { ...verdict, history: {} },
    birth,
    input: isDynamic ? spec.input : undefined,
  };
}
