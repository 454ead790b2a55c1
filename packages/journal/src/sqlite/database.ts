import { statSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { ProblemError, type Problem } from "./problem.ts";

/** Longest wait for another process that is just writing, in milliseconds. */
export const defaultBusyMs = 5_000;

/** A connection to the file of a journal. Throws `ProblemError` when the path is none. */
export function openDatabase(path: string, mode: "read" | "write", busyMs: number = defaultBusyMs): DatabaseSync {
  checkPath(path, mode);
  const database = new DatabaseSync(path, { readOnly: mode === "read" });
  try {
    // Damaged pages are found early, and a file from elsewhere cannot make SQLite run anything.
    database.exec(`PRAGMA busy_timeout = ${busyMs}; PRAGMA cell_size_check = ON; PRAGMA trusted_schema = OFF`);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** SQLite says the same of each of these, so it is found out here. The file itself is not opened: see `held-files.ts`. */
function checkPath(path: string, mode: "read" | "write"): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isDirectory() === true) refuse("it is a directory; give the path of a file");
  if (found !== undefined) return checkLogOf(path);
  if (mode === "read") refuse("there is no such file");
  const directory = dirname(path);
  if (statSync(directory, { throwIfNoEntry: false })?.isDirectory() !== true) {
    refuse(`the directory ${directory} does not exist; make it first`);
  }
}

/** Of an empty database SQLite deletes the log, even when it is opened for reading only. */
function checkLogOf(path: string): void {
  const sizeOf = (name: string): number => statSync(name, { throwIfNoEntry: false })?.size ?? 0;
  // The log first: of a journal that is just being made, the database has its first page before the log has anything.
  // One byte is nothing to SQLite, which writes it itself into an empty file on some systems.
  if (sizeOf(`${path}-wal`) === 0 || sizeOf(path) > 1) return;
  const problem = "it is empty, and its log (-wal) is not; write what is sound to a new file with repair";
  throw new ProblemError({ kind: "damaged", problem });
}

function refuse(problem: string): never {
  throw new ProblemError({ kind: "store", problem, retryable: false, outcome: "not-done" } satisfies Problem);
}
