import { JournalError } from "@orgtree/core";
import { closeSync, existsSync, fchmodSync, fsyncSync, openSync, renameSync } from "node:fs";
import { dirname } from "node:path";
import { closeRaw, holdFile } from "./held-files.ts";
import { withJournalErrors } from "./journal-problem.ts";
import { realFile } from "./real-file.ts";
import { removeFiles } from "./remove-journal.ts";

/** For the owner alone: a journal is as confidential as the conversations in it. */
const defaultMode = 0o600;

/**
 * Makes an empty file, whatever the mask of the process, and what SQLite lays beside it will have the same mode; nothing where it is
 * there. What is given back ends its being held open, once SQLite has it. What is in the way of making it, whoever opens it says.
 */
export function makeFile(path: string, mode: number = defaultMode): () => void {
  let descriptor: number;
  try {
    descriptor = openSync(path, "wx", mode);
  } catch {
    return () => {};
  }
  fchmodSync(descriptor, mode);
  const release = holdFile(path);
  closeRaw(descriptor);
  return release;
}

/**
 * Has a new file written, under another name until it is whole and on the disk. Rejects with `JournalError` when it is there already;
 * nothing is left when `write` rejects, and where the process is killed only what the next one removes.
 */
export async function writeNewFile<T>(to: string, what: string, write: (unfinished: string, target: string) => Promise<T>): Promise<T> {
  const target = withJournalErrors(to, () => realFile(to));
  if (existsSync(target)) throw new JournalError(target, `it is there already; ${what}`);
  const unfinished = `${target}.unfinished`;
  removeFiles(unfinished);
  try {
    const result = await write(unfinished, target);
    renameSync(unfinished, target);
    syncDirectory(dirname(target));
    return result;
  } catch (error) {
    removeFiles(unfinished);
    throw error;
  }
}

/** What is closed is in the file itself; its name is in the directory. */
function syncDirectory(path: string): void {
  const descriptor = openSync(path, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
