import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect } from "vitest";
import { readJournalRow, writeJournalRow } from "../src/sqlite/own-rows.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

/** A place for the file of a journal. */
export interface JournalFile {
  readonly directory: string;
  readonly path: string;
}

/** Gives each test of a file a place for a journal, which is not there yet. */
export function journalFileOfEachTest(): JournalFile {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  beforeEach(async () => {
    directory = await temporaryDirectory();
  });
  afterEach(() => directory[Symbol.asyncDispose]());
  return {
    get directory() {
      return directory.path;
    },
    get path() {
      return join(directory.path, "org.journal");
    },
  };
}

/** Does something to a file past the journal, and gives its path. */
export function tamper(path: string, sql: string): string {
  const database = new DatabaseSync(path);
  database.exec(sql);
  database.close();
  return path;
}

/** Says in a closed file that this one has it open for writing: a `WriterRecord` as JSON, or anything else. */
export function writeWriter(path: string, writer: string): void {
  const database = new DatabaseSync(path);
  writeJournalRow(database, { ...readJournalRow(database), writer });
  database.close();
}

/** What a promise rejects with; that it does not is a failure of the test. */
export function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.unreachable("it was done"),
    (error: unknown) => error,
  );
}
