import type { CompactionResult } from "@orgtree/core";
import { decideRemovals } from "@orgtree/core/compaction";
import { checksumOfAddress } from "../checksum.ts";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { outOfPlace } from "./entry-reader.ts";
import type { EntryWriter } from "./entry-writer.ts";
import { type AddressRow, checkAddressRow, readJournalRow, writeJournalRow } from "./own-rows.ts";
import { kindOf } from "./stored-content.ts";

/** Longest transaction of a compaction, in milliseconds and removals, but that one address is done in one. */
const sliceMs = 10;
const sliceRemovals = 2_000;

/**
 * Removes what nobody needs, in slices, so that appends wait for one slice only. Each slice is a transaction that leaves the
 * journal whole: a crash in between costs nothing but space.
 */
export class Compactor {
  readonly #database: DatabaseSync;
  readonly #writer: EntryWriter;
  readonly #nextAddress: StatementSync;
  readonly #facts: StatementSync;
  readonly #behind: StatementSync;
  readonly #remove: StatementSync;
  readonly #setLastSeq: StatementSync;
  readonly #addressRow: StatementSync;
  readonly #count: StatementSync;

  constructor(database: DatabaseSync, writer: EntryWriter) {
    this.#database = database;
    this.#writer = writer;
    this.#nextAddress = database.prepare("SELECT id FROM addresses WHERE id > ? ORDER BY id LIMIT 1");
    this.#facts = database.prepare("SELECT position, kind, mark, seq FROM entries WHERE address = ? AND position <= ? ORDER BY seq");
    this.#facts.setReturnArrays(true);
    this.#behind = database.prepare("SELECT kind FROM entries WHERE address = ? AND seq > ? ORDER BY seq LIMIT 1");
    this.#remove = database.prepare("DELETE FROM entries WHERE position = ?");
    this.#setLastSeq = database.prepare("UPDATE addresses SET last_seq = ?, crc = ? WHERE id = ?");
    this.#addressRow = database.prepare("SELECT address, last_seq AS lastSeq, crc FROM addresses WHERE id = ?");
    this.#count = database.prepare("SELECT count(*) AS count FROM entries");
  }

  /** Each step does one slice; what it gives back at the end is the result. Throws `ProblemError`. */
  *slices(cut: number): Generator<void, CompactionResult> {
    let removed = 0;
    let address: number | undefined = 0;
    // The horizon is known before anything is gone.
    this.#writer.transaction(() => this.#setHorizon(cut));
    while (address !== undefined) {
      yield;
      const slice = this.#slice(address, cut);
      removed += slice.removed;
      address = slice.next;
    }
    return { removed, kept: Number(this.#count.get()!["count"]) };
  }

  #slice(after: number, cut: number): { readonly removed: number; readonly next: number | undefined } {
    const begin = performance.now();
    const slice = this.#writer.transaction(() => {
      let removed = 0;
      let next: number | undefined = after;
      while (removed < sliceRemovals && performance.now() - begin < sliceMs) {
        const before: number = next;
        next = this.#nextAddress.get(before)?.["id"] as number | undefined;
        if (next === undefined) break;
        if (next <= before) throw outOfPlace(`among the addresses, behind number ${before}`);
        removed += this.#compactAddress(next, cut);
      }
      return { removed, next };
    });
    if (slice.removed > 0) this.#writer.forget();
    return slice;
  }

  #compactAddress(id: number, cut: number): number {
    const rows = this.#facts.all(id, cut) as unknown as readonly (readonly [number, number, string | null, number])[];
    if (rows.length === 0) return 0;
    const past = rows.map(([position, kind, mark]) => ({ position, kind: kindOf(kind)!, marked: mark !== null }));
    const behind = this.#behind.get(id, rows.at(-1)![3])?.["kind"] as number | undefined;
    const removals = decideRemovals(past, behind === undefined ? undefined : kindOf(behind));
    if (removals.length === 0) return 0;
    for (const position of removals) this.#remove.run(position);
    this.#raiseLastSeq(id, rows.at(-1)![3]);
    return removals.length;
  }

  #setHorizon(cut: number): void {
    const row = readJournalRow(this.#database);
    const [horizon, lastPosition] = [Math.max(row.horizon, cut), Math.max(row.lastPosition, this.#writer.lastPosition)];
    writeJournalRow(this.#database, { ...row, horizon, lastPosition });
  }

  #raiseLastSeq(id: number, seq: number): void {
    const row = this.#addressRow.get(id) as unknown as AddressRow;
    checkAddressRow(row);
    const lastSeq = Math.max(row.lastSeq, seq);
    this.#setLastSeq.run(lastSeq, checksumOfAddress(row.address, lastSeq), id);
  }
}
