import { chmodSync, lstatSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Surroundings } from "../surroundings.ts";
import { isAbandoned, writeOwner } from "./run-owner.ts";

/** A directory for everything temporary of one run. */
export interface RunDirectory {
  readonly path: string;
  /** Removes it with all that is in it. A second call does nothing. */
  readonly remove: () => void;
}

const prefix = "orgtree-run-";

/**
 * Makes the directory, and has everything temporary made in it from now on: copies of repositories, homes of commands. Even
 * a run that is cut off by a second Ctrl-C or by a crash of this program leaves nothing behind, because one removal at
 * the end of the process is enough. A SIGKILL is beyond that: what it leaves is removed here, by the next run.
 */
export function openRunDirectory({ onExit, setTemporaryDirectory }: Surroundings): RunDirectory {
  const before = tmpdir();
  removeAbandoned(before);
  const path = mkdtempSync(join(before, prefix));
  writeOwner(path);
  const cancel = onExit(() => removeDirectory(path));
  setTemporaryDirectory(path);
  return {
    path,
    remove() {
      setTemporaryDirectory(before);
      cancel();
      removeDirectory(path);
    },
  };
}

/** Removes what killed runs of the same user have left. */
function removeAbandoned(parent: string): void {
  for (const name of readdirSync(parent)) {
    const path = join(parent, name);
    if (!name.startsWith(prefix) || !isOwnDirectory(path) || !isAbandoned(path)) continue;
    try {
      removeDirectory(path);
    } catch (error) {
      // Another run may be at it too, or a process that the killed one left still writes there: the next run tries again.
      if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    }
  }
}

function isOwnDirectory(path: string): boolean {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  return stats !== undefined && stats.isDirectory() && stats.uid === process.getuid?.();
}

function removeDirectory(path: string): void {
  const options = { recursive: true, force: true, maxRetries: 3 };
  try {
    rmSync(path, options);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "EACCES" && code !== "EPERM") throw error;
    // A command has made something read-only.
    makeRemovable(path);
    rmSync(path, options);
  }
}

function makeRemovable(directory: string): void {
  chmodSync(directory, 0o700);
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    if (entry.isDirectory()) makeRemovable(join(directory, entry.name));
  }
}
