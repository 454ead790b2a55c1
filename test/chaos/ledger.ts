import { appendFileSync, existsSync, readFileSync } from "node:fs";

/** One line of the ledger: what really ran, outside of every journal. */
export interface LedgerLine {
  /** `model`, or the kind of a tool. */
  readonly what: string;
  readonly step: "begin" | "end" | "undo-begin" | "undo-end";
  readonly key: string;
  readonly pid: number;
  /** Milliseconds since 1970. */
  readonly atMs: number;
  /** Of an answer of the model. */
  readonly tokens?: number;
}

/** Writes a line in one piece, before anything else happens. */
export function writeLedger(file: string, line: Omit<LedgerLine, "pid" | "atMs">): void {
  appendFileSync(file, `${JSON.stringify({ ...line, pid: process.pid, atMs: performance.timeOrigin + performance.now() })}\n`);
}

/** All lines that were written. What a killed process wrote is there: only a machine that dies would lose it. */
export function readLedger(file: string): readonly LedgerLine[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as LedgerLine);
}
