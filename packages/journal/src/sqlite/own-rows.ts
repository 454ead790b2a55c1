/** The rows that are no entries: the one of the journal itself, and one for each address. They have checksums of their own. */
import type { DatabaseSync } from "node:sqlite";
import { checksumOfAddress, checksumOfJournal } from "../checksum.ts";
import { ProblemError } from "./problem.ts";

/** The row of the journal. */
export interface JournalRow {
  readonly epoch: number;
  /** Of the newest entry where compaction removed it; else it may be behind. */
  readonly lastPosition: number;
  /** A `WriterRecord` as JSON; null when nobody has the journal open for writing. */
  readonly writer: string | null;
  /** Images before it are not complete any more. */
  readonly horizon: number;
  /** A repair left gaps up to this position. */
  readonly mended: number;
  /** See `Journal.run`. */
  readonly run: string;
}

/** What of the row of an address can be damaged without an entry that tells. */
export interface AddressRow {
  readonly address: string;
  readonly lastSeq: number;
  readonly crc: number;
}

/** The columns of a row, in the order of `toJournalRow`. */
export const journalColumns = "epoch, last_position, writer, horizon, mended, run, crc";

/** The row as SQLite gives it, as an array. Throws `ProblemError` when it is not there, or not what was written. */
export function toJournalRow(columns: readonly unknown[] | undefined): JournalRow {
  if (columns === undefined) throw damaged("its first page is damaged: the row of the journal is gone");
  const [epoch, lastPosition, writer, horizon, mended, run, crc] = columns;
  const row = { epoch, lastPosition, writer, horizon, mended, run } as JournalRow;
  if (crc !== checksumOfJournal(row)) throw damaged(`${damagedJournalRow}; ${remedy}`);
  return row;
}

export function readJournalRow(database: DatabaseSync): JournalRow {
  const statement = database.prepare(`SELECT ${journalColumns} FROM journal`);
  statement.setReturnArrays(true);
  return toJournalRow(statement.get() as unknown as readonly unknown[] | undefined);
}

/** Inside of a transaction that has read the row. */
export function writeJournalRow(database: DatabaseSync, row: JournalRow): void {
  const { epoch, lastPosition, writer, horizon, mended, run } = row;
  const sql = "UPDATE journal SET epoch = ?, last_position = ?, writer = ?, horizon = ?, mended = ?, run = ?, crc = ?";
  database.prepare(sql).run(epoch, lastPosition, writer, horizon, mended, run, checksumOfJournal(row));
}

/** Throws `ProblemError` when a row is not what was written: the number in it may be too low, and would be given again. */
export function checkAddressRow({ address, lastSeq, crc }: AddressRow): void {
  if (crc !== checksumOfAddress(address, lastSeq)) throw damaged(`${damagedAddressRow(address)}; ${remedy}`);
}

const why = "is not what was written (its checksum differs)";
const remedy = "write what is sound to a new file with repair";

/** What is said of it. */
export const damagedJournalRow = `the row of the journal, with the name of its run, ${why}`;

/** What is said of it. */
export function damagedAddressRow(address: string): string {
  return `the row of ${address}, with its newest number, ${why}`;
}

function damaged(problem: string): ProblemError {
  return new ProblemError({ kind: "damaged", problem });
}
