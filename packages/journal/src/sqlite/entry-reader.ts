import type { Page } from "./pages.ts";
import type { Address, Entry, EntryQuery, Image } from "@orgtree/core";
import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import { checkAddressRow, journalColumns, type JournalRow, toJournalRow } from "./own-rows.ts";
import { isDamage, type Problem, ProblemError, problemOf } from "./problem.ts";
import { rowColumns, type StoredRow, toEntry } from "./stored-row.ts";

/** Most of what one page holds, so that reading much takes little memory and lets appends in between. */
const pageEntries = 512;
const pageDataBytes = 1_048_576;
/** Positions that are looked at one by one behind a page that cannot be read: more than one page holds. */
const linearTries = 4_096;
/** No journal gets so far; a position beyond it is damage. */
const maxPosition = 2 ** 50;

const historySql = `SELECT ${rowColumns} FROM entries INDEXED BY entries_by_seq WHERE address = ? AND position <= ? ORDER BY seq DESC`;
const addressIdSql = "SELECT id FROM addresses WHERE address = ?";
const nextAddressSql = "SELECT id, address FROM addresses WHERE id > ? ORDER BY id LIMIT 1";

/** What is read of the tables, by whoever has a connection. */
export class EntryReader {
  readonly #database: DatabaseSync;
  readonly #queries = new Map<string, StatementSync>();

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** Of the newest entry that was ever there. */
  lastPosition(): number {
    const [newest] = this.#query("SELECT coalesce(max(position), 0) FROM entries").get() as unknown as readonly [number];
    const last = Math.max(this.#row().lastPosition, newest);
    if (last < maxPosition) return last;
    throw new ProblemError({
      kind: "damaged",
      problem: `its newest position, ${last}, is none of ours; write what is sound to a new file with repair`,
    });
  }

  /** Images before it are not complete any more. */
  horizon(): number {
    return this.#row().horizon;
  }

  /** See `Journal.run`. */
  run(): string {
    return this.#row().run;
  }

  image(address: Address, at?: number): Image | undefined {
    const position = at ?? this.lastPosition();
    const id = this.#query(addressIdSql).get(address) as readonly [number] | undefined;
    if (position < this.horizon() && !this.#isMarkedAt(position, id?.[0])) this.#refuseCompacted(position);
    return id === undefined ? undefined : this.#imageOf(id[0], address, position);
  }

  /** The images as of `at` of the addresses behind `after`. A damaged one is left out and named. */
  images(at: number, after: number): Page<Image> {
    if (at < this.horizon()) this.#refuseCompacted(at);
    const images: Image[] = [];
    const damages: Problem[] = [];
    let bytes = 0;
    let next = after;
    while (images.length < pageEntries && bytes < pageDataBytes && damages.length === 0) {
      const row = this.#query(nextAddressSql).get(next) as readonly [number, Address] | undefined;
      if (row === undefined) return { items: images, damages, next: undefined };
      if (row[0] <= next) {
        damages.push(outOfPlace(`among the addresses, behind number ${next++}`).problem);
        break;
      }
      next = row[0];
      try {
        const image = this.#imageOf(row[0], row[1], at);
        if (image === undefined) continue;
        images.push(image);
        bytes += bytesOf(image.entries);
      } catch (error) {
        if (!isDamage(error)) throw error;
        damages.push(named(error, `${row[1]} is left out`));
      }
    }
    return { items: images, damages, next };
  }

  /** Entries behind `after`, as the query says. Where one is damaged the page ends, and the next begins behind it. */
  read(query: EntryQuery, after: number): Page<Entry> {
    const { sql, values } = toSql(query);
    // Of one address both orders are the same, and an index has the one.
    const order = query.address === undefined ? "entries.position" : "entries.seq";
    const paged = `${sql} AND entries.position >= ? ORDER BY ${order} LIMIT ${pageEntries}`;
    const entries: Entry[] = [];
    let bytes = 0;
    let next = after;
    try {
      for (const row of this.#rows<readonly [...StoredRow, Address]>(paged, [...values, after + 1])) {
        // Going back would never end.
        if (row[0] <= next) throw outOfPlace(`behind position ${next++}`);
        next = row[0];
        const entry = toEntry(row.slice(0, 7) as unknown as StoredRow, row[7]);
        entries.push(entry);
        bytes += entry.data.byteLength;
        if (bytes >= pageDataBytes) return { items: entries, damages: [], next };
      }
      return { items: entries, damages: [], next: entries.length < pageEntries ? undefined : next };
    } catch (error) {
      if (!isDamage(error)) throw error;
      // An entry with a wrong checksum has a position; a page that SQLite cannot read has none, and is passed step by step.
      if (error instanceof ProblemError) return { items: entries, damages: [error.problem], next };
      const beyond = this.#passDamage(next);
      const problem = named(error, `positions behind ${next} up to ${beyond - 1} cannot be read`);
      return { items: entries, damages: [problem], next: beyond > this.#lastReadable() ? undefined : beyond - 1 };
    }
  }

  /** The greatest number of each address that was ever there. */
  lastSeqs(): ReadonlyMap<Address, number> {
    const newest = "coalesce((SELECT max(seq) FROM entries WHERE entries.address = addresses.id), -1)";
    const statement = this.#query(`SELECT address, last_seq, crc, ${newest} FROM addresses ORDER BY id`);
    const last = new Map<Address, number>();
    for (const [address, lastSeq, crc, newest] of statement.all() as unknown as readonly (readonly [Address, number, number, number])[]) {
      checkAddressRow({ address, lastSeq, crc });
      last.set(address, Math.max(lastSeq, newest));
    }
    return last;
  }

  #imageOf(id: number, address: Address, at: number): Image | undefined {
    const entries: Entry[] = [];
    let expected: number | undefined;
    for (const row of this.#rows<StoredRow>(historySql, [id, at])) {
      const entry = toEntry(row, address);
      if (expected !== undefined && entry.seq !== expected) throw missing(address, expected, entries);
      if (entry.kind === "end") return undefined;
      entries.push(entry);
      if (entry.kind === "whole") return { address, entries: entries.reverse() };
      expected = row[2] === 0 ? undefined : entry.seq - row[2];
    }
    if (expected !== undefined) throw missing(address, expected, entries);
    // Parts without anything to be parts of.
    return undefined;
  }

  #isMarkedAt(position: number, addressId: number | undefined): boolean {
    if (addressId === undefined) return false;
    return (
      this.#query("SELECT 1 FROM entries WHERE position = ? AND address = ? AND mark IS NOT NULL").get(position, addressId) !== undefined
    );
  }

  #refuseCompacted(position: number): never {
    throw new ProblemError({ kind: "compacted", position, oldest: this.horizon() });
  }

  /** The first position behind `after` where SQLite reads again. */
  #passDamage(after: number): number {
    const statement = this.#query("SELECT position, data FROM entries WHERE position >= ? ORDER BY position LIMIT 1");
    const last = this.#lastReadable();
    // One by one at first; where much is damaged, or a damaged position says that there is much, in growing strides.
    for (let position = after + 1, tries = 0; position <= last; position += 2 ** Math.max(0, ++tries - linearTries)) {
      try {
        return Math.max(position, (statement.get(position) as readonly [number] | undefined)?.[0] ?? last + 1);
      } catch (error) {
        if (!isDamage(error)) throw error;
      }
    }
    return last + 1;
  }

  #lastReadable(): number {
    try {
      return this.lastPosition();
    } catch (error) {
      if (!isDamage(error)) throw error;
      return this.#row().lastPosition;
    }
  }

  #row(): JournalRow {
    return toJournalRow(this.#query(`SELECT ${journalColumns} FROM journal`).get() as unknown as readonly unknown[] | undefined);
  }

  *#rows<Row>(sql: string, values: readonly SQLInputValue[]): Generator<Row> {
    try {
      yield* this.#query(sql).iterate(...values) as Iterable<unknown> as Iterable<Row>;
    } catch (error) {
      // A statement that failed in the middle fails once more at its next beginning.
      this.#queries.delete(sql);
      throw error;
    }
  }

  #query(sql: string): StatementSync {
    let statement = this.#queries.get(sql);
    if (statement !== undefined) return statement;
    statement = this.#database.prepare(sql);
    statement.setReturnArrays(true);
    this.#queries.set(sql, statement);
    return statement;
  }
}

/** Everything but where to begin. */
function toSql(query: EntryQuery): { readonly sql: string; readonly values: readonly SQLInputValue[] } {
  const { address, within, fromSeq, toSeq, upTo, mark } = query;
  const values: SQLInputValue[] = [];
  // An entry whose address is damaged must be noticed, not left out.
  const shownAddress = "coalesce(addresses.address, '(an address that is damaged)')";
  let sql = `SELECT ${rowColumns}, ${shownAddress} FROM entries LEFT JOIN addresses ON addresses.id = entries.address WHERE 1`;
  const and = (condition: string, ...more: readonly SQLInputValue[]): void => {
    sql += ` AND ${condition}`;
    values.push(...more);
  };
  if (address !== undefined) and("entries.address = (SELECT id FROM addresses WHERE address = ?)", address);
  // "0" comes right behind "/".
  if (within !== undefined && within !== "/") {
    const below = "SELECT id FROM addresses WHERE address = ? OR (address > ? AND address < ?)";
    and(`+entries.address IN (${below})`, within, `${within}/`, `${within}0`);
  }
  if (fromSeq !== undefined) and("entries.seq >= ?", fromSeq);
  if (toSeq !== undefined) and("entries.seq <= ?", toSeq);
  if (upTo !== undefined) and("entries.position <= ?", upTo);
  if (mark !== undefined) and("entries.mark = ?", mark);
  return { sql, values };
}

function bytesOf(entries: readonly Entry[]): number {
  let bytes = 0;
  for (const { data } of entries) bytes += data.byteLength;
  return bytes;
}

/** A row that is not where its key belongs. */
export function outOfPlace(where: string): ProblemError {
  const problem = `a row ${where}, is out of its place; write what is sound to a new file with repair`;
  return new ProblemError({ kind: "damaged", problem });
}

function missing(address: Address, seq: number, newer: readonly Entry[]): ProblemError {
  const on = newer.at(-1)!;
  const problem = `entry ${seq} of ${address} is missing: entry ${on.seq} at position ${on.position} builds on it`;
  return new ProblemError({ kind: "damaged", problem });
}

function named(error: unknown, what: string): Problem {
  const problem = problemOf(error);
  return problem.kind === "damaged" ? { kind: "damaged", problem: `${what}: ${problem.problem}` } : problem;
}
