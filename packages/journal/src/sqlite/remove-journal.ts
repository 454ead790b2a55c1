import { existsSync, rmSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { openDatabase } from "./database.ts";
import { vitalityOf } from "./process-identity.ts";
import { realFile } from "./real-file.ts";
import { checkTables, versionOf } from "./schema.ts";
import { readWriter } from "./writer-record.ts";

/**
 * Removes a journal with what SQLite keeps beside it, if nobody has it open, nor may have it open on another machine; gives back whether
 * it did. What cannot be read as a journal stays.
 */
export function removeSqliteJournal(path: string): boolean {
  try {
    return remove(realFile(path), path);
  } catch {
    return false; // Somebody has it open, or nobody can tell whose it is.
  }
}

function remove(file: string, name: string): boolean {
  // Opened for writing it would be made.
  if (!existsSync(file)) return false;
  const database = openDatabase(file, "write", 0);
  try {
    // The whole file is locked by the first reading; nobody opens it before it is gone.
    database.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE");
    if (mayBeWritten(database)) return false;
    rmSync(file);
  } finally {
    database.close();
  }
  removeFiles(file);
  rmSync(name, { force: true });
  return true;
}

/** Removes a file that nobody has open, with what SQLite keeps beside it. */
export function removeFiles(path: string): void {
  for (const suffix of ["", "-wal", "-shm", "-journal"]) rmSync(`${path}${suffix}`, { force: true });
}

function mayBeWritten(database: DatabaseSync): boolean {
  const version = versionOf(database);
  checkTables(database, version);
  // Of one that is just being made nothing is there yet.
  if (version === 0) return false;
  const writer = readWriter(database);
  return writer !== undefined && !["over", "hidden"].includes(vitalityOf(writer));
}
