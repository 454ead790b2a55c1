import type { CompactionResult } from "@orgtree/core";
import type { DatabaseSync } from "node:sqlite";
import { Compactor } from "./compactor.ts";
import { openDatabase } from "./database.ts";
import { EntryReader } from "./entry-reader.ts";
import { type AppendResult, EntryWriter } from "./entry-writer.ts";
import { checkLog } from "./log-check.ts";
import { ProblemError, problemOf, refuse } from "./problem.ts";
import { checkTables, migrate, pageBytes, versionOf } from "./schema.ts";
import { endWriting, type Opener, readWriter, takeWriting } from "./writer-record.ts";
import { describeProcess } from "./process-identity.ts";
import { FilePlace } from "./file-place.ts";
import type { PackedAppends } from "./packed-appends.ts";
import { endHiddenWriter } from "./hidden-writer.ts";

/** Where and how to open for writing. */
export interface FileOptions extends Opener {
  readonly path: string;
  /** Undefined: as many as the disk takes. */
  readonly maxFileBytes: number | undefined;
  readonly busyMs: number;
}

/** The file, opened for writing: what the worker holds. Everything throws `ProblemError`. */
export class JournalFile {
  readonly epoch: number;
  readonly run: string;
  readonly reader: EntryReader;
  readonly writer: EntryWriter;
  readonly #database: DatabaseSync;
  readonly #compactor: Compactor;
  readonly #place: FilePlace;

  private constructor(options: FileOptions) {
    this.#database = openDatabase(options.path, "write", options.busyMs);
    try {
      this.epoch = this.#open(options);
      this.reader = new EntryReader(this.#database);
      this.run = this.reader.run();
      this.writer = new EntryWriter(this.#database, { epoch: this.epoch, lastPosition: this.reader.lastPosition() });
      this.#compactor = new Compactor(this.#database, this.writer);
      this.#place = new FilePlace(options.path);
    } catch (error) {
      this.#database.close();
      throw new ProblemError(problemOf(error));
    }
  }

  static open(options: FileOptions): JournalFile {
    checkLog(options.path);
    try {
      return new JournalFile(options);
    } catch (error) {
      const problem = problemOf(error);
      const isHidden = problem.kind === "locked" && problem.vitality === "hidden";
      if (isHidden && endHiddenWriter(options.path)) return new JournalFile(options);
      throw error;
    }
  }

  /** Stores what waits, where it will be found; see `EntryWriter.write`. */
  write(batches: readonly PackedAppends[]): AppendResult[] {
    this.#place.refuseMoved();
    try {
      const results = this.writer.write(batches);
      this.#place.check();
      return results;
    } catch (error) {
      // For SQLite it is a disk that fails, and may work again.
      if (problemOf(error).kind === "store" && this.#place.isReadOnly())
        refuse("its file system is read-only by now; see why, and open it again");
      throw error;
    }
  }

  compaction(cut: number): Generator<void, CompactionResult> {
    return this.#compactor.slices(cut);
  }

  /** Says in the file that nobody writes, and puts everything into it, so that one file is all there is. */
  close(): void {
    try {
      this.writer.transaction(() => endWriting(this.#database));
      this.#database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    } catch (error) {
      // Everything is stored as it is, and the next one takes over from a process that has ended, or has already done so.
      problemOf(error);
    } finally {
      this.#database.close();
    }
  }

  #open({ maxFileBytes, ...opener }: FileOptions): number {
    const database = this.#database;
    // Before anything is changed: the database may be somebody else's.
    checkTables(database, versionOf(database));
    database.exec(`PRAGMA page_size = ${pageBytes}`);
    const mode = database.prepare("PRAGMA journal_mode = WAL").get()?.["journal_mode"];
    if (mode !== "wal") refuse(`it cannot have a write-ahead log where it lies (SQLite answers "${String(mode)}"); use a local disk`);
    // Removed entries are overwritten: a page that is salvaged from a damaged file holds nothing that was compacted.
    database.exec("PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA secure_delete = ON; PRAGMA journal_size_limit = 67108864");
    if (maxFileBytes !== undefined) database.exec(`PRAGMA max_page_count = ${Math.max(1, Math.floor(maxFileBytes / pageBytes))}`);
    return this.#become(opener);
  }

  #become(opener: Opener): number {
    this.#begin();
    try {
      migrate(this.#database, versionOf(this.#database));
      const epoch = takeWriting(this.#database, opener);
      this.#database.exec("COMMIT");
      return epoch;
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw error;
    }
  }

  #begin(): void {
    try {
      this.#database.exec("BEGIN IMMEDIATE");
    } catch (error) {
      const problem = problemOf(error);
      const writer =
        problem.kind === "store" && problem.retryable && versionOf(this.#database) > 0 ? readWriter(this.#database) : undefined;
      if (writer === undefined) throw error;
      // It was stopped in the middle of a transaction; the lock on the file ends with it only.
      throw new ProblemError({ kind: "locked", owner: describeProcess(writer), vitality: "writing" });
    }
  }
}
