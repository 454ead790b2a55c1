import type { ChildStatus, Operation, PastChild, PendingVerdict, Replanning, Retry, Supervision } from "./supervision-state.ts";
import type { RungHistory } from "./directive.ts";

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

/** What is stored of a child whose specification is not known: the same, but for the clock. */
export type StoredPastChild = PastChild;

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
  readonly retry: Retry | undefined;
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

/** Times of the monotonic clock as they are stored, and back. */
export interface ClockShift {
  /** Long before everything is 0 there. */
  readonly toEpoch: (ms: number) => number;
  /** What has been; where the clock was set back meanwhile, just now. */
  readonly toNow: (ms: number) => number;
  /** What is to come: no later than what was waited for from now on. */
  readonly toDue: (ms: number, delayMs: number) => number;
}

/** The two clocks as they stand against each other now. */
export function clockShift({ nowMs, epochMs }: Clocks): ClockShift {
  return {
    toEpoch: (ms) => (ms === -Infinity ? 0 : Math.round(ms - nowMs + epochMs)),
    toNow: (ms) => (ms === 0 ? -Infinity : Math.min(nowMs, ms - epochMs + nowMs)),
    toDue: (ms, delayMs) => Math.min(delayMs, ms - epochMs) + nowMs,
  };
}

/** What is kept of a child before its specification is known, by the other clock. */
export function shiftPast(child: PastChild, shift: (ms: number) => number): PastChild {
  const { status, restarts, stamps, history, verdict, birth, gaveUp } = child;
  const past = { status, restarts, stamps: stamps.map(shift), history: shiftHistory(history, shift), verdict, birth };
  return gaveUp === undefined ? past : { ...past, gaveUp };
}

/** The rungs that were taken, by the other clock. */
export function shiftHistory(history: RungHistory, shift: (ms: number) => number): RungHistory {
  return Object.fromEntries(Object.entries(history).map(([rung, stamps]) => [rung, stamps.map(shift)]));
}

/** True for what a `SupervisionWriter` wrote; a state of the user's may look like one at first. */
export function isStoredSupervision(state: unknown): state is StoredSupervision {
  const { rows, past, stamps, nextId, lastToken } = (state ?? {}) as Partial<StoredSupervision>;
  if (!isRecord(rows) || !isRecord(past) || !Array.isArray(stamps) || typeof nextId !== "number" || typeof lastToken !== "number")
    return false;
  return Object.values(rows).every((chunk) => isRecord(chunk) && Object.values(chunk).every(isRecord));
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The key of a child. */
export function childKey(id: string): `:${string}` {
  return `:${id}`;
}

function idIn(key: string): string {
  return key.slice(1);
}

/** The children, by their ids and in start order. */
export function storedChildren({ rows }: StoredSupervision): ReadonlyMap<string, StoredRow> {
  return new Map(Object.values(rows).flatMap((chunk) => Object.entries(chunk).map(([key, row]) => [idIn(key), row])));
}

/** Those whose specification is not known, by their ids. */
export function storedPast({ past }: StoredSupervision): ReadonlyMap<string, StoredPastChild> {
  return new Map(Object.entries(past).map(([key, child]) => [idIn(key), child]));
}

/** One of the children; undefined also for one whose specification is not known. */
export function storedRow({ rows }: StoredSupervision, id: string): StoredRow | undefined {
  const key = childKey(id);
  return Object.values(rows).find((chunk) => Object.hasOwn(chunk, key))?.[key];
}

/** One of the children, also where its specification is not known. */
export function storedChild(stored: StoredSupervision, id: string): StoredPastChild | undefined {
  const key = childKey(id);
  return storedRow(stored, id) ?? (Object.hasOwn(stored.past, key) ? stored.past[key] : undefined);
}

/** With a child that runs, by the decision of that number. Of one that the root has given up nothing else is known. */
export function withRunningChild(stored: StoredSupervision, id: string, birth: number): StoredSupervision {
  const key = childKey(id);
  for (const [number, chunk] of Object.entries(stored.rows)) {
    const row = Object.hasOwn(chunk, key) ? chunk[key]! : undefined;
    if (row === undefined) continue;
    const status = row.status === "starting" ? "starting" : "running";
    const runs: StoredRow = { ...row, status, retry: undefined, verdict: undefined, birth };
    return { ...stored, rows: { ...stored.rows, [number]: { ...chunk, [key]: runs } } };
  }
  const { restarts, stamps, history } = storedChild(stored, id) ?? { restarts: 0, stamps: [], history: {} };
  return { ...stored, past: { ...stored.past, [key]: { status: "running", restarts, stamps, history, verdict: undefined, birth } } };
}

/** A supervisor as it was at a checkpoint, with the restart history of now: what was used up stays used up. */
export function rollBackSupervision(atCut: StoredSupervision, now: StoredSupervision): StoredSupervision {
  const known = storedChildren(now);
  const rows: Record<string, StoredChunk> = {};
  for (const [number, chunk] of Object.entries(atCut.rows)) {
    rows[number] = Object.fromEntries(
      Object.entries(chunk).map(([key, row]) => {
        const { stamps, history, restarts } = known.get(idIn(key)) ?? row;
        return [key, { ...row, stamps, history, restarts }];
      }),
    );
  }
  const { stamps, nextId, lastToken, replans } = now;
  const { operation, plan, listed, replanning, past } = atCut;
  return { rows, operation, stamps, nextId: Math.max(nextId, atCut.nextId), lastToken, plan, listed, replans, replanning, past };
}
