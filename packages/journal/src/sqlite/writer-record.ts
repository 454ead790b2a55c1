import type { DatabaseSync } from "node:sqlite";
import { readJournalRow, writeJournalRow } from "./own-rows.ts";
import { ProblemError } from "./problem.ts";
import { describeProcess, type ProcessIdentity, vitalityOf } from "./process-identity.ts";

/** Who has the journal open for writing, as it is written in the file. */
export interface WriterRecord extends ProcessIdentity {
  /** Of one opening, so that a process can tell its own ones apart. */
  readonly opening: string;
}

/** Who wants to write. */
export interface Opener {
  readonly record: WriterRecord;
  /** Openings of this process that have ended without saying so. */
  readonly died: readonly string[];
  readonly takeOver: boolean;
}

/** Makes the opener the writer and gives back its epoch; inside of a transaction. Throws `ProblemError` when another one lives. */
export function takeWriting(database: DatabaseSync, { record, died, takeOver }: Opener): number {
  const row = readJournalRow(database);
  const current = toRecord(row.writer);
  // A worker of this process may have died, and the process lives.
  const isOver = takeOver || current === undefined || died.includes(current.opening);
  const vitality = isOver ? "over" : vitalityOf(current);
  if (vitality !== "over") throw new ProblemError({ kind: "locked", owner: describeProcess(current!), vitality });
  const epoch = row.epoch + 1;
  writeJournalRow(database, { ...row, epoch, writer: JSON.stringify(record) });
  return epoch;
}

/** Who has it open for writing; undefined when it was closed. */
export function readWriter(database: DatabaseSync): WriterRecord | undefined {
  return toRecord(database.prepare("SELECT writer FROM journal").get()?.["writer"]);
}

/** The journal is closed: nobody writes. Inside of a transaction that has checked the epoch. */
export function endWriting(database: DatabaseSync): void {
  writeJournalRow(database, { ...readJournalRow(database), writer: null });
}

/** A record that cannot be read holds nobody up: whoever wrote it is fenced by the epoch. */
export function toRecord(text: unknown): WriterRecord | undefined {
  if (typeof text !== "string") return undefined;
  try {
    const value = JSON.parse(text) as Partial<WriterRecord> | null;
    const isRecord = typeof value?.host === "string" && typeof value.pid === "number" && typeof value.birth === "string";
    return isRecord ? (value as WriterRecord) : undefined;
  } catch {
    return undefined;
  }
}
