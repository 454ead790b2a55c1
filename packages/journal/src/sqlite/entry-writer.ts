import type { DatabaseSync, StatementSync } from "node:sqlite";
import { checksumOf, checksumOfAddress } from "../checksum.ts";
import { checkAddressRow } from "./own-rows.ts";
import type { PackedAppends } from "./packed-appends.ts";
import { mayBeStored, type Problem, ProblemError, problemOf } from "./problem.ts";
import { compress, decompress, kindOf, kinds } from "./stored-content.ts";

/** Addresses whose newest number is remembered; beyond, all are forgotten and looked up again. */
const rememberedAddresses = 100_000;

/** What is known of an address without looking. */
interface Known {
  /** In the table; undefined until its first entry. */
  id: number | undefined;
  /** Its newest number; -1 when there was none. */
  last: number;
  /** The newest number whose entry is there, for the next one to lead back to; -1 when none is. */
  newest: number;
}

/** An entry in a packed append, without its data. */
interface Incoming {
  readonly address: string;
  readonly seq: number;
  readonly kind: number;
  readonly mark: string | null;
  readonly data: Uint8Array;
}

type Stored = Pick<Incoming, "kind" | "mark" | "data">;

/** What became of an append: the position of its last entry, or what was wrong. */
export type AppendResult = number | Problem;

/**
 * Writes to the tables.
 *
 * Invariants
 *   W1. Every transaction looks at the epoch first: a writer whose epoch is over changes nothing.
 *   W2. An append is checked wholly before its first entry is inserted, so one that is refused leaves the transaction as it was.
 *   W3. What is remembered (`#known`, `#lastPosition`) is what the file says; a transaction that failed forgets it.
 */
export class EntryWriter {
  readonly #database: DatabaseSync;
  readonly #epoch: number;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #epochNow: StatementSync;
  readonly #insert: StatementSync;
  readonly #insertAddress: StatementSync;
  readonly #find: StatementSync;
  readonly #findAddress: StatementSync;
  readonly #known = new Map<string, Known>();
  #lastPosition: number;

  constructor(database: DatabaseSync, at: { readonly epoch: number; readonly lastPosition: number }) {
    this.#database = database;
    this.#epoch = at.epoch;
    this.#lastPosition = at.lastPosition;
    this.#begin = database.prepare("BEGIN IMMEDIATE");
    this.#commit = database.prepare("COMMIT");
    this.#epochNow = database.prepare("SELECT epoch FROM journal");
    this.#insert = database.prepare(
      "INSERT INTO entries (position, address, seq, step, kind, mark, crc, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    );
    this.#insertAddress = database.prepare("INSERT INTO addresses (address, last_seq, crc) VALUES (?, -1, ?)");
    this.#find = database.prepare("SELECT position, kind, mark, data FROM entries WHERE address = ? AND seq = ?");
    this.#findAddress = database.prepare(`
      SELECT id, last_seq, crc, (SELECT max(seq) FROM entries WHERE entries.address = addresses.id) AS newest
      FROM addresses WHERE address = ?`);
  }

  /** Of the newest entry. */
  get lastPosition(): number {
    return this.#lastPosition;
  }

  /**
   * Stores what waits in one transaction; each append is stored or refused for itself. Throws when the store failed, `WriteError` where that was
   * at one of them: nothing is stored then.
   */
  write(batches: readonly PackedAppends[]): AppendResult[] {
    const results: AppendResult[] = [];
    let isBegun = false;
    try {
      return this.transaction(() => {
        isBegun = true;
        return this.#appendAll(batches, results);
      });
    } catch (error) {
      const count = batches.reduce((sum, { counts }) => sum + counts.length, 0);
      throw !isBegun || results.length === count ? error : new WriteError(problemOf(error), results.length);
    }
  }

  #appendAll(batches: readonly PackedAppends[], results: AppendResult[]): AppendResult[] {
    for (const batch of batches) {
      let first = 0;
      let offset = 0;
      for (const count of batch.counts) {
        const entries = unpack(batch, { first, count, offset });
        results.push(this.#appendOrRefuse(entries));
        first += count;
        for (const { data } of entries) offset += data.byteLength;
      }
    }
    return results;
  }

  /** Does `work` all or not at all, if the epoch is still ours. Throws `ProblemError`. */
  transaction<T>(work: () => T): T {
    const lastPosition = this.#lastPosition;
    let committing = false;
    try {
      this.#begin.run();
      this.#checkEpoch();
      const result = work();
      committing = true;
      this.#commit.run();
      return result;
    } catch (error) {
      this.#lastPosition = lastPosition;
      this.#known.clear();
      const problem = problemOf(error);
      this.#rollback();
      const isUnknown = committing && problem.kind === "store" && mayBeStored(error);
      throw new ProblemError(isUnknown ? { ...problem, outcome: "unknown" } : problem);
    }
  }

  /** What compaction removed must be looked up again. */
  forget(): void {
    this.#known.clear();
  }

  #checkEpoch(): void {
    const current = Number(this.#epochNow.get()?.["epoch"]);
    if (current !== this.#epoch) throw new ProblemError({ kind: "fenced", own: this.#epoch, current });
  }

  #rollback(): void {
    // SQLite has already done so when the disk is full, for example.
    if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
  }

  /** Of an address whose row is damaged nothing is stored, and of the others all. */
  #appendOrRefuse(entries: readonly Incoming[]): AppendResult {
    try {
      for (const { address } of entries) this.#knownOf(address);
    } catch (error) {
      if (error instanceof ProblemError) return error.problem;
      throw error;
    }
    return this.#append(entries);
  }

  #append(entries: readonly Incoming[]): AppendResult {
    const fresh: Incoming[] = [];
    const before: { readonly known: Known; readonly last: number }[] = [];
    let position: number | undefined;
    for (const entry of entries) {
      const known = this.#knownOf(entry.address);
      if (entry.seq > known.last) {
        before.push({ known, last: known.last });
        known.last = entry.seq;
        fresh.push(entry);
        position = undefined;
        continue;
      }
      position = this.#positionOf(entry, { known, fresh });
      if (position === undefined) {
        const { last } = known;
        for (const { known, last } of before.reverse()) known.last = last;
        return { kind: "conflict", address: entry.address, wanted: entry.seq, last };
      }
    }
    for (const [index, entry] of fresh.entries()) this.#store(entry, before[index]!.known);
    return position ?? this.#lastPosition;
  }

  #store(entry: Incoming, known: Known): void {
    const { address, seq, mark } = entry;
    const { kind, data } = compress(entry);
    known.id ??= Number(this.#insertAddress.run(address, checksumOfAddress(address, -1)).lastInsertRowid);
    const step = known.newest >= 0 ? seq - known.newest : 0;
    known.newest = seq;
    const position = ++this.#lastPosition;
    this.#insert.run(position, known.id, seq, step, kind, mark, checksumOf({ position, address, seq, step, kind, mark, data }), data);
  }

  /** Where the same entry is, byte for byte; undefined when there is another one, or none. */
  #positionOf(entry: Incoming, among: { readonly known: Known; readonly fresh: readonly Incoming[] }): number | undefined {
    const { known, fresh } = among;
    const added = fresh.findIndex(({ address, seq }) => address === entry.address && seq === entry.seq);
    if (added >= 0) return isSame(fresh[added]!, entry) ? this.#lastPosition + added + 1 : undefined;
    if (known.id === undefined) return undefined;
    const stored = this.#find.get(known.id, entry.seq) as unknown as (Stored & { readonly position: number }) | undefined;
    const before = stored === undefined ? undefined : asGiven(stored);
    return before !== undefined && isSame(before, entry) ? stored!.position : undefined;
  }

  #knownOf(address: string): Known {
    let known = this.#known.get(address);
    if (known !== undefined) return known;
    const row = this.#findAddress.get(address) as { id: number; last_seq: number; crc: number; newest: number | null } | undefined;
    if (row !== undefined) checkAddressRow({ address, lastSeq: row.last_seq, crc: row.crc });
    const newest = row?.newest ?? -1;
    known = { id: row?.id, last: Math.max(row?.last_seq ?? -1, newest), newest };
    if (this.#known.size >= rememberedAddresses) this.#known.clear();
    this.#known.set(address, known);
    return known;
  }
}

/** The store failed at one append. */
export class WriteError extends ProblemError {
  /** Which of all that were to be written. */
  readonly at: number;

  constructor(problem: Problem, at: number) {
    super(problem);
    this.at = at;
  }
}

function unpack(batch: PackedAppends, range: { readonly first: number; readonly count: number; offset: number }): Incoming[] {
  const entries: Incoming[] = [];
  let { offset } = range;
  for (let at = range.first; at < range.first + range.count; at++) {
    const end = offset + batch.lengths[at]!;
    const [address, seq, kind, mark] = [batch.addresses[at]!, batch.seqs[at]!, batch.kinds[at]!, batch.marks[at]!];
    entries.push({ address, seq, kind, mark, data: batch.bytes.subarray(offset, end) });
    offset = end;
  }
  return entries;
}

/** As it was appended; undefined when it is damaged. */
function asGiven(stored: Stored): Stored | undefined {
  const data = decompress(stored);
  return data === undefined ? undefined : { ...stored, kind: kinds.indexOf(kindOf(stored.kind)!), data };
}

function isSame(a: Stored, b: Stored): boolean {
  return a.kind === b.kind && a.mark === b.mark && Buffer.compare(a.data, b.data) === 0;
}
