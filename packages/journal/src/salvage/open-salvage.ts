import { JournalDamagedError, JournalError, JournalVersionError } from "@orgtree/core";
import type { DatabaseSync } from "node:sqlite";
import { openDatabase } from "../sqlite/database.ts";
import { toJournalError, withJournalErrors } from "../sqlite/journal-problem.ts";
import { isBusy, problemOf } from "../sqlite/problem.ts";
import { statFile } from "../sqlite/plain-file.ts";
import { realFile } from "../sqlite/real-file.ts";
import { checkTables, schemaVersion, versionOf } from "../sqlite/schema.ts";
import { holdFile } from "../sqlite/held-files.ts";
import { readLog } from "../sqlite/log-frames.ts";
import { PageSource } from "./page-source.ts";
import { type Salvage, salvage } from "./salvage.ts";

/** A file that is looked at, unchanged by it. */
export interface OpenSalvage extends Disposable {
  readonly path: string;
  readonly source: PageSource;
  readonly found: Salvage;
  /** What SQLite itself finds wrong. */
  readonly complaints: readonly string[];
}

/** Most complaints of SQLite that are passed on. */
const maxComplaints = 20;

/**
 * Reads a file as one moment left it, also beside a living writer: a reading transaction is open meanwhile, so that the writer
 * puts nothing new into the pages that are read.
 *
 * Rejects with `JournalVersionError` when there is nothing of ours in it, or when it is sound and of a newer version, `JournalError`
 * when it cannot be read, or when another process keeps it busy.
 */
export async function openSalvage(path: string): Promise<OpenSalvage> {
  const full = withJournalErrors(path, () => realFile(path));
  checkReadable(full);
  const log = withJournalErrors(full, () => readLog(full));
  const release = holdFile(full);
  // SQLite would make the index (-shm) of a damaged log anew, and that may be all that tells of the damage. Nobody writes to it.
  const damagedLog = log?.damage === undefined ? undefined : log;
  const lock = damagedLog === undefined ? openLock(full) : { database: undefined, complaints: [] };
  let source: PageSource | undefined;
  try {
    source = new PageSource(full, damagedLog);
    const found = await salvage(source);
    if (found.sound.length === 0 && found.damaged.length === 0 && !found.hasJournal) refuseForeign(full, source);
    else if (found.damaged.length + found.lost.length + found.rowProblems.length + lock.complaints.length === 0) refuseNewer(full, source);
    return { path: full, source, found, complaints: lock.complaints, [Symbol.dispose]: () => close(source, { lock, release }) };
  } catch (error) {
    close(source, { lock, release });
    throw error instanceof JournalError ? error : toReadError(full, error);
  }
}

interface Lock {
  readonly database: DatabaseSync | undefined;
  readonly complaints: readonly string[];
}

/** A reading transaction; of a file that SQLite does not open, nobody is writing to. */
function openLock(path: string): Lock {
  let database: DatabaseSync | undefined;
  try {
    database = openDatabase(path, "read");
    database.exec("BEGIN");
    const rows = database.prepare(`PRAGMA integrity_check(${maxComplaints})`).all();
    const complaints = rows.map((row) => String(Object.values(row)[0])).filter((text) => text !== "ok");
    return { database, complaints: [...complaints.map((text) => `SQLite: ${text}`), ...complaintsOfTables(database)] };
  } catch (error) {
    const problem = problemOf(error);
    if (problem.kind === "store" && problem.retryable && isBusy(error)) {
      database?.close();
      throw toJournalError(path, problem);
    }
    return { database, complaints: ["problem" in problem ? problem.problem : problem.kind] };
  }
}

function complaintsOfTables(database: DatabaseSync): readonly string[] {
  try {
    checkTables(database, versionOf(database));
    return [];
  } catch (error) {
    const problem = problemOf(error);
    // What version it is of, and whether it is of any, the first page tells.
    return problem.kind === "damaged" ? [problem.problem] : [];
  }
}

function close(source: PageSource | undefined, { lock, release }: { readonly lock: Lock; readonly release: () => void }): void {
  // First SQLite, whose locks would go with the descriptor.
  lock.database?.close();
  source?.[Symbol.dispose]();
  release();
}

function checkReadable(path: string): void {
  if (withJournalErrors(path, () => statFile(path)) === undefined)
    throw new JournalError(path, "there is no such file; give the path of a journal");
}

function refuseForeign(path: string, source: PageSource): void {
  if (source.header.foreign) throw new JournalVersionError(path, "it is a database of something else; give another path");
  refuseNewer(path, source, 0);
  if (source.header.version !== undefined) return;
  throw new JournalVersionError(path, "nothing of a journal is in it; give another path, or take a copy from before it was damaged");
}

/** Whoever knows less than it holds would call it damaged, or leave something out. With other problems, the version is one of them. */
function refuseNewer(path: string, { header, problems }: PageSource, otherProblems = problems.length - 1): void {
  if (header.version === undefined || header.version <= schemaVersion || otherProblems > 0) return;
  const problem = `it was written by a newer version of orgtree (schema ${header.version}, this one knows ${schemaVersion}); update orgtree`;
  throw new JournalVersionError(path, problem);
}

function toReadError(path: string, error: unknown): JournalError {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof RangeError) return new JournalDamagedError(path, `it cannot be made sense of: ${message}`, { cause: error });
  const problem = `it cannot be read (${message}); look at the owner and the permissions of the file and its directory`;
  return new JournalError(path, problem, { cause: error });
}
