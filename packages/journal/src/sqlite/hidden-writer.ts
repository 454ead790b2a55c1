import type { DatabaseSync } from "node:sqlite";
import { openDatabase } from "./database.ts";
import { isBusy, ProblemError, problemOf } from "./problem.ts";
import { vitalityOf } from "./process-identity.ts";
import { migrate, versionOf } from "./schema.ts";
import { endWriting, readWriter } from "./writer-record.ts";

/**
 * Says in the file that nobody writes, where the writer is among processes that cannot be seen from here, and is over; gives back whether
 * it is. Who has a file open through SQLite has a lock on it, which ends with the process, and within one machine everybody meets it.
 */
export function endHiddenWriter(path: string): boolean {
  const database = openDatabase(path, "write", 0);
  try {
    // The first reading takes the whole file, so that nobody opens it until this is over; it fails where anybody has it open.
    database.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE");
    migrate(database, versionOf(database));
    endWriter(database);
    database.exec("COMMIT");
    return true;
  } catch (error) {
    if (isBusy(error)) return false;
    throw new ProblemError(problemOf(error));
  } finally {
    database.close();
  }
}

function endWriter(database: DatabaseSync): void {
  const writer = readWriter(database);
  // Somebody else may have come and gone.
  if (writer !== undefined && vitalityOf(writer) === "hidden") endWriting(database);
}
