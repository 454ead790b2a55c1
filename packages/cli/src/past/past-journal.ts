import { resolve } from "node:path";
import { JournalDamagedError, openSqliteJournalReader, type SqliteJournalReader } from "orgtree/journal";
import { UsageError } from "../input/usage-error.ts";
import type { Surroundings } from "../surroundings.ts";

/**
 * Opens a journal to look at it, beside its writer where one lives, and closes it when the work is done. Rejects with `JournalError`,
 * and with `UsageError` where it is damaged: a wrong picture would be worse than none.
 */
export async function withPast<T>(
  file: string,
  surroundings: Surroundings,
  work: (journal: SqliteJournalReader) => Promise<T>,
): Promise<T> {
  // Whoever closes the pipe early, as `head` does, has read enough: that is no fault.
  surroundings.catchInterrupts();
  try {
    await using journal = openSqliteJournalReader(resolve(surroundings.cwd, file));
    return await work(journal);
  } catch (error) {
    if (!(error instanceof JournalDamagedError)) throw error;
    throw new UsageError(error.message, `see \`${surroundings.program} journal verify ${file}\``);
  }
}
