import { statSync } from "node:fs";
import { basename } from "node:path";

/** How the run in a journal stands, from what is gone on with first. */
const standings = ["interrupted", "alive", "ended", "empty"] as const;

type Standing = (typeof standings)[number];

/**
 * The journal with which somebody goes on who names none: that of the newest run that has not ended and that no process works on; then of
 * one that a process works on, which will be refused, of one that has ended, and gives its result again. Undefined where there is none.
 */
export async function resumableOf(journals: readonly string[]): Promise<string | undefined> {
  const found: Partial<Record<Standing, string>> = {};
  for (const path of journals.toSorted(newestFirst)) {
    found[await standingOf(path)] ??= path;
    if (found.interrupted !== undefined) break;
  }
  return found[standings.find((standing) => found[standing] !== undefined)!];
}

/** When a run was begun is in the name of its journal, to the second. */
function newestFirst(a: string, b: string): number {
  const begun = (path: string): string => /\d{8}T\d{6}/.exec(basename(path).slice(-28))?.[0] ?? "";
  if (begun(a) !== begun(b)) return begun(a) < begun(b) ? 1 : -1;
  const changedMs = (path: string): number => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return changedMs(b) - changedMs(a);
}

/** Of one that cannot be read its opening tells why. */
async function standingOf(path: string): Promise<Standing> {
  const [{ openSqliteJournalReader }, { readRunLog }] = await Promise.all([import("orgtree/journal"), import("orgtree")]);
  try {
    await using journal = openSqliteJournalReader(path);
    const log = await readRunLog(journal);
    if (log === undefined) return "empty";
    if (log.result !== undefined) return "ended";
    return journal.hasLivingWriter ? "alive" : "interrupted";
  } catch (error) {
    return (error as Error).message.includes("nothing was written to it yet") ? "empty" : "interrupted";
  }
}
