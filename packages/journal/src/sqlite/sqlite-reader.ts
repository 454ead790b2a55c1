import {
  type Address,
  checkPosition,
  type Entry,
  type EntryQuery,
  type Image,
  type JournalDamagedError,
  type JournalReader,
} from "@orgtree/core";
import type { DatabaseSync } from "node:sqlite";
import { openDatabase } from "./database.ts";
import { EntryReader } from "./entry-reader.ts";
import { holdFile } from "./held-files.ts";
import { withJournalErrors } from "./journal-problem.ts";
import { checkLog } from "./log-check.ts";
import { itemsOf } from "./pages.ts";
import { ProblemError, refuse } from "./problem.ts";
import { vitalityOf } from "./process-identity.ts";
import { realFile } from "./real-file.ts";
import { checkTables, schemaVersion, versionOf } from "./schema.ts";
import { readWriter } from "./writer-record.ts";

/** How to open a journal for reading. */
export interface SqliteJournalReaderOptions {
  /** As in `SqliteJournalOptions`. */
  readonly onDamage?: ((error: JournalDamagedError) => void) | undefined;
}

/**
 * Opens a journal for reading beside its living writer, or without one; the epoch stays. Works in the thread of the caller: it is
 * for commands, not for a system that runs.
 *
 * Sees what is stored at the time of each step. Entries that the writer compacts away meanwhile are missing from `read`, and
 * `images` throws `JournalCompactedError` when the writer compacts past its position.
 *
 * Throws `JournalVersionError` when the file is of another version or of something else, `JournalDamagedError` when it is no
 * database, `JournalError` when it cannot be opened.
 */
export function openSqliteJournalReader(path: string, options: SqliteJournalReaderOptions = {}): SqliteJournalReader {
  return withJournalErrors(path, () => new SqliteJournalReader(path, options));
}

/** A SQLite journal, opened for reading only. */
export class SqliteJournalReader implements JournalReader, AsyncDisposable {
  readonly path: string;
  readonly run: string;
  readonly #database: DatabaseSync;
  readonly #reader: EntryReader;
  readonly #onDamage: ((error: JournalDamagedError) => void) | undefined;
  readonly #release: () => void;
  #closed = false;

  /** @internal Use `openSqliteJournalReader`. */
  constructor(path: string, { onDamage }: SqliteJournalReaderOptions) {
    this.path = realFile(path);
    this.#onDamage = onDamage;
    checkLog(this.path);
    this.#database = openDatabase(this.path, "read");
    this.#release = holdFile(this.path);
    try {
      checkVersion(this.#database);
      this.#reader = new EntryReader(this.#database);
      this.run = this.#reader.run();
    } catch (error) {
      this.#end();
      throw error;
    }
  }

  /** A process that is known to live has it open for writing. */
  get hasLivingWriter(): boolean {
    const writer = withJournalErrors(this.path, () => readWriter(this.#database));
    return writer !== undefined && vitalityOf(writer) === "alive";
  }

  // oxlint-disable-next-line typescript/require-await -- what is thrown here must reject
  async horizon(): Promise<number> {
    return this.#do((reader) => reader.horizon());
  }

  async *images(at?: number): AsyncGenerator<Image> {
    const position = checkPosition(this.path, at) ?? this.#do((reader) => reader.lastPosition());
    const page = (after: number) => this.#do((reader) => reader.images(position, after));
    yield* itemsOf(this.path, { page, onDamage: this.#onDamage });
  }

  // oxlint-disable-next-line typescript/require-await -- what is thrown here must reject
  async image(address: Address, at?: number): Promise<Image | undefined> {
    const position = checkPosition(this.path, at);
    return this.#do((reader) => reader.image(address, position));
  }

  async *read(query: EntryQuery = {}): AsyncGenerator<Entry> {
    const last = this.#do((reader) => reader.lastPosition());
    const bounded = { ...query, upTo: Math.min(query.upTo ?? last, last) };
    const page = (after: number) => this.#do((reader) => reader.read(bounded, after));
    yield* itemsOf(this.path, { after: query.after, page, onDamage: this.#onDamage });
  }

  // oxlint-disable-next-line typescript/require-await -- what is thrown here must reject
  async lastSeqs(): Promise<ReadonlyMap<Address, number>> {
    return this.#do((reader) => reader.lastSeqs());
  }

  close(): Promise<void> {
    if (!this.#closed) this.#end();
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #end(): void {
    this.#closed = true;
    this.#database.close();
    this.#release();
  }

  #do<T>(work: (reader: EntryReader) => T): T {
    return withJournalErrors(this.path, () => {
      if (!this.#closed) return work(this.#reader);
      return refuse("it is closed; open it again to use it");
    });
  }
}

function checkVersion(database: DatabaseSync): void {
  const version = versionOf(database);
  if (version === schemaVersion) return checkTables(database, version);
  const problem =
    version === 0
      ? "nothing was written to it yet"
      : `its schema is ${version} and this version of orgtree reads ${schemaVersion}; open it for writing once, which brings it up to date`;
  throw new ProblemError({ kind: "version", problem });
}
