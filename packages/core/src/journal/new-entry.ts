import { JournalError, type NewEntry } from "./journal.ts";

const kinds: ReadonlySet<string> = new Set(["whole", "part", "end"]);

/** Looks that entries are such; gives back their bytes. Throws `JournalError`: nothing is stored then. */
export function checkEntries(journal: string, entries: readonly NewEntry[]): number {
  let bytes = 0;
  for (const entry of entries) {
    const problem = problemOf(entry);
    if (problem !== undefined) throw new JournalError(journal, `entry ${entry.seq} of ${entry.address} was refused: ${problem}`);
    bytes += entry.data.byteLength;
  }
  return bytes;
}

function problemOf({ address, seq, kind, mark, data }: NewEntry): string | undefined {
  if (typeof address !== "string" || !address.startsWith("/")) return "an address begins with /";
  if (!Number.isSafeInteger(seq) || seq < 0) return "its number must be a whole number from 0 on";
  if (!kinds.has(kind)) return `its kind must be whole, part or end, not "${String(kind)}"`;
  if (mark !== undefined && typeof mark !== "string") return "a mark is a text";
  if (!(data instanceof Uint8Array)) return "its data must be a Uint8Array";
  return undefined;
}
