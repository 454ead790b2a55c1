import type { Address, Entry, EntryKind } from "@orgtree/core";
import { checksumOf } from "../checksum.ts";
import { ProblemError } from "./problem.ts";

/** As numbers in the file; 0 and 1 take no byte there. */
export const kinds: readonly EntryKind[] = ["part", "whole", "end"];

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
  const [position, seq, , kind, mark, , data] = row;
  if (!isSound(row, address)) {
    throw new ProblemError({
      kind: "damaged",
      problem: `entry ${seq} of ${address} at position ${position} is not what was written (its checksum differs)`,
    });
  }
  return { position, address: address as Address, seq, kind: kinds[kind]!, ...(mark === null ? {} : { mark }), data };
}

function isSound([position, seq, step, kind, mark, crc, data]: StoredRow, address: string): boolean {
  if (!(data instanceof Uint8Array) || kinds[kind] === undefined || (mark !== null && typeof mark !== "string")) return false;
  return crc === checksumOf({ position, address, seq, step, kind, mark, data });
}
