import type { JournalReader } from "@orgtree/core";
import { forkJournal, type ForkOptions, type ForkReport } from "../fork-journal.ts";
import { writeNewFile } from "./new-file.ts";
import { openSqliteJournal } from "./sqlite-journal.ts";
import { openSqliteJournalReader } from "./sqlite-reader.ts";

/**
 * Forks a journal in a file into a new file; see `forkJournal`. The original may be open for writing elsewhere.
 *
 * Rejects with `JournalError` when `to` is there already, and as `forkJournal` and `openSqliteJournalReader` do. The new file is there
 * when it is whole, and not before.
 */
export async function forkFile(path: string, { to, ...options }: ForkOptions & { readonly to: string }): Promise<ForkReport> {
  return writeNewFile(to, aim, async (unfinished) => {
    await using source = openSqliteJournalReader(path);
    return await copy(source, unfinished, options);
  });
}

/** Forks a journal of any kind into a new file, as `forkFile` does. */
export async function forkToFile(source: JournalReader, { to, ...options }: ForkOptions & { readonly to: string }): Promise<ForkReport> {
  return writeNewFile(to, aim, (unfinished) => copy(source, unfinished, options));
}

const aim = "a fork is a new file";

async function copy(source: JournalReader, unfinished: string, options: ForkOptions): Promise<ForkReport> {
  await using journal = await openSqliteJournal(unfinished);
  return await forkJournal(source, journal, options);
}
