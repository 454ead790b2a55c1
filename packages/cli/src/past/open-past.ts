import { resolve } from "node:path";
import { checkAddress, type Address } from "orgtree";
import { openSqliteJournalReader, type SqliteJournalReader } from "orgtree/journal";
import { UsageError } from "../input/usage-error.ts";
import type { Surroundings } from "../surroundings.ts";

/** A turn of an actor as it is written on the command line. */
export interface TurnName {
  readonly address: Address;
  /** Undefined for the last one. */
  readonly seq: number | undefined;
}

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
    if ((error as Error).name !== "JournalDamagedError") throw error;
    throw new UsageError((error as Error).message, `see \`${surroundings.program} journal verify ${file}\``);
  }
}

/** Reads `ADDRESS@SEQ` or `ADDRESS`; throws `UsageError`. */
export function parseTurnName(text: string): TurnName {
  const at = text.lastIndexOf("@");
  const address = parseAddress(at === -1 ? text : text.slice(0, at));
  return { address, seq: at === -1 ? undefined : parseSeq(text.slice(at + 1), `the number behind @ in ${text}`) };
}

/** Reads an address; throws `UsageError`. */
export function parseAddress(text: string): Address {
  try {
    return checkAddress(text);
  } catch (error) {
    throw new UsageError((error as Error).message, "write it as orgtree history lists it");
  }
}

/** Reads the number of a turn, or of turns; throws `UsageError`, in which `what` names it. */
export function parseSeq(text: string, what: string, least = 0): number {
  const seq = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(seq) && seq >= least) return seq;
  throw new UsageError(`${what} is "${text}"`, `give a whole number from ${least} on`);
}
