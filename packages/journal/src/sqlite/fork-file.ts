import { JournalError } from "@orgtree/core";
import { existsSync, renameSync, rmSync } from "node:fs";
import { forkJournal, type ForkOptions, type ForkReport } from "../fork-journal.ts";
import { withJournalErrors } from "./journal-problem.ts";
import { realFile } from "./real-file.ts";
import { openSqliteJournal } from "./sqlite-journal.ts";
import { openSqliteJournalReader } from "./sqlite-reader.ts";

/**
 * Forks a journal in a file into a new file; see `forkJournal`. The original may be open for writing elsewhere.
 *
 * Rejects with `JournalError` when `to` is there already, and as `forkJournal` and `openSqliteJournalReader` do. The new file is there
 * when it is whole, and not before.
 */
export async function forkFile(path: string, { to, ...options }: ForkOptions & { readonly to: string }): Promise<ForkReport> {
  const target = withJournalErrors(to, () => realFile(to));
  if (existsSync(target)) throw new JournalError(target, "it is there already; a fork is a new file");
  await using source = openSqliteJournalReader(path);
  const unfinished = `${target}.unfinished`;
  removeFile(unfinished);
  try {
    let report: ForkReport;
    {
      await using journal = await openSqliteJournal(unfinished);
      report = await forkJournal(source, journal, options);
    }
    renameSync(unfinished, target);
    return report;
  } catch (error) {
    removeFile(unfinished);
    throw error;
  }
}

function removeFile(path: string): void {
  for (const suffix of ["", "-wal", "-shm"]) rmSync(`${path}${suffix}`, { force: true });
}
