import { JournalDamagedError, JournalError, JournalVersionError } from "@orgtree/core";
import { existsSync, statSync } from "node:fs";
import { resolve } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { openDatabase } from "../sqlite/database.ts";
import { problemOf } from "../sqlite/problem.ts";
import { schemaVersion } from "../sqlite/schema.ts";
import { holdFile } from "../sqlite/held-files.ts";
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
 * Rejects with `JournalVersionError` when there is nothing of ours in it, `JournalError` when it cannot be read.
 */
export async function openSalvage(path: string): Promise<OpenSalvage> {
  const full = resolve(path);
  checkReadable(full);
  const release = holdFile(full);
  const lock = openLock(full);
  let source: PageSource | undefined;
  try {
    source = new PageSource(full);
    const found = await salvage(source);
    if (found.sound.length === 0 && found.damaged.length === 0 && found.journal === undefined) refuseForeign(full, source);
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
    return { database, complaints: complaints.map((text) => `SQLite: ${text}`) };
  } catch (error) {
    const problem = problemOf(error);
    return { database, complaints: ["problem" in problem ? problem.problem : problem.kind] };
  }
}

function close(source: PageSource | undefined, { lock, release }: { readonly lock: Lock; readonly release: () => void }): void {
  // First SQLite, whose locks would go with the descriptor.
  lock.database?.close();
  source?.[Symbol.dispose]();
  release();
}

function checkReadable(path: string): void {
  if (!existsSync(path)) throw new JournalError(path, "there is no such file");
  if (!statSync(path).isFile()) throw new JournalError(path, "it is no file; give the path of a journal");
}

function refuseForeign(path: string, { header }: PageSource): void {
  if (header.foreign) throw new JournalVersionError(path, "it is a database of something else; give another path");
  if (header.version !== undefined && header.version > schemaVersion) {
    const problem = `it was written by a newer version of orgtree (schema ${header.version}, this one knows ${schemaVersion}); update orgtree`;
    throw new JournalVersionError(path, problem);
  }
}

function toReadError(path: string, error: unknown): JournalError {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof RangeError) return new JournalDamagedError(path, `it cannot be made sense of: ${message}`, { cause: error });
  return new JournalError(path, `it cannot be read: ${message}`, { cause: error });
}
