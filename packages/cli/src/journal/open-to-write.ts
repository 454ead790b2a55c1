import type { SqliteJournal } from "orgtree/journal";
import type { CommandOption } from "../input/command.ts";
import { UsageError } from "../input/usage-error.ts";

/** Of each command that writes to a journal that is there. */
export const takeOverOption: CommandOption = {
  name: "take-over",
  text: "Takes the journal from a process that has it open for writing, which can store nothing more then. It is for one that is over and cannot be seen from here, as on another machine, or that does not end.",
};

/**
 * Opens a journal that is there for writing, with the flags that the command was given. Rejects with `UsageError` where another process has it, or may have
 * it, and `JournalError`.
 */
export async function openToWrite(path: string, flags: ReadonlySet<string>): Promise<SqliteJournal> {
  const { JournalLockedError, openSqliteJournal } = await import("orgtree/journal");
  try {
    return await openSqliteJournal(path, { mustExist: true, takeOver: flags.has(takeOverOption.name) });
  } catch (error) {
    if (!(error instanceof JournalLockedError) || error.vitality === "writing") throw error;
    const { owner, vitality } = error;
    const problem = `${path}: ${owner} has it open for writing`;
    if (vitality === "alive") throw new UsageError(problem, "end that process first, or take the journal from it with --take-over");
    const remedy = "if it is over, take the journal from it with --take-over";
    throw new UsageError(`${problem}, and nobody here can tell whether it lives`, remedy);
  }
}
