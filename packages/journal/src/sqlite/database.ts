import { accessSync, constants, statSync } from "node:fs";
import { dirname } from "node:path";
import { pathToFileURL } from "node:url";
import { DatabaseSync } from "./node-sqlite.ts";
import { sizeBeside, statFile } from "./plain-file.ts";
import { ProblemError, refuse } from "./problem.ts";

/** Longest wait for another process that is just writing, in milliseconds. */
export const defaultBusyMs = 5_000;

/** A connection to the file of a journal. Throws `ProblemError` when the path is none. */
export function openDatabase(path: string, mode: "read" | "write", busyMs: number = defaultBusyMs): DatabaseSync {
  checkPath(path, mode);
  const database = mode === "read" ? openToRead(path) : new DatabaseSync(path);
  try {
    // Damaged pages are found early, and a file from elsewhere cannot make SQLite run anything.
    database.exec(`PRAGMA busy_timeout = ${busyMs}; PRAGMA cell_size_check = ON; PRAGMA trusted_schema = OFF`);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/**
 * Beside a write-ahead log even a reader needs files of its own. Where it may make none, and nothing is in a log, it reads without any:
 * who could write there has closed the journal.
 */
function openToRead(path: string): DatabaseSync {
  if (isWritable(dirname(path)) || sizeBeside(path, "-wal") > 0) return new DatabaseSync(path, { readOnly: true });
  const url = pathToFileURL(path);
  url.searchParams.set("immutable", "1");
  return new DatabaseSync(url, { readOnly: true });
}

function isWritable(directory: string): boolean {
  try {
    accessSync(directory, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** SQLite says the same of each of these, so it is found out here. The file itself is not opened: see `held-files.ts`. */
function checkPath(path: string, mode: "read" | "write"): void {
  if (statFile(path) !== undefined) return checkLogOf(path);
  if (mode === "read") refuse("there is no such file; give the path of a journal");
  const directory = dirname(path);
  if (statSync(directory, { throwIfNoEntry: false })?.isDirectory() !== true) {
    refuse(`the directory ${directory} does not exist; make it first`);
  }
}

/** Of an empty database SQLite deletes the log, even when it is opened for reading only. */
function checkLogOf(path: string): void {
  // The log first: of a journal that is just being made, the database has its first page before the log has anything.
  // One byte is nothing to SQLite, which writes it itself into an empty file on some systems.
  if (sizeBeside(path, "-wal") === 0 || statSync(path).size > 1) return;
  const problem = "it is empty, and its log (-wal) is not; write what is sound to a new file with repair";
  throw new ProblemError({ kind: "damaged", problem });
}
