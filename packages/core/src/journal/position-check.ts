import { JournalError } from "./journal.ts";

/** Looks that a position is one; throws `JournalError`. */
export function checkPosition(journal: string, position: number | undefined): number | undefined {
  if (position === undefined || (Number.isSafeInteger(position) && position >= 0)) return position;
  throw new JournalError(journal, `${String(position)} is no position; take one that the journal gave`);
}
