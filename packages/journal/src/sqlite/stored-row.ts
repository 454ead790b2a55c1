import type { Address, Entry } from "@orgtree/core";
import { checksumOf } from "../checksum.ts";
import { ProblemError } from "./problem.ts";
import { decompress, kindOf } from "./stored-content.ts";

/** The columns of an entry, in the order of `StoredRow`. */
export const rowColumns = "entries.position, entries.seq, entries.step, entries.kind, entries.mark, entries.crc, entries.data";

/** A row as SQLite gives it; of a damaged file it may hold anything. */
export type StoredRow = readonly [
  position: number,
  seq: number,
  step: number,
  kind: number,
  mark: string | null,
  crc: number,
  data: Uint8Array,
];

/** The entry in a row. Throws `ProblemError` that names it when it is not what was written. */
export function toEntry(row: StoredRow, address: string): Entry {
  const [position, seq, , kind, mark] = row;
  if (!isSound(row, address)) throw notWritten(row, address, "its checksum differs");
  const data = decompress({ kind, data: row[6] });
  if (data === undefined) throw notWritten(row, address, cannotUnpack);
  return { position, address: address as Address, seq, kind: kindOf(kind)!, ...(mark === null ? {} : { mark }), data };
}

/** Why an entry is damaged although its checksum fits. */
export const cannotUnpack = "its content cannot be unpacked";

function notWritten([position, seq]: StoredRow, address: string, why: string): ProblemError {
  const problem = `entry ${seq} of ${address} at position ${position} is not what was written (${why})`;
  return new ProblemError({ kind: "damaged", problem });
}

function isSound([position, seq, step, kind, mark, crc, data]: StoredRow, address: string): boolean {
  if (!(data instanceof Uint8Array) || kindOf(kind) === undefined || (mark !== null && typeof mark !== "string")) return false;
  return crc === checksumOf({ position, address, seq, step, kind, mark, data });
}
