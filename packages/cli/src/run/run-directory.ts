import { chmodSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Surroundings } from "../surroundings.ts";

/** A directory for everything temporary of one run. */
export interface RunDirectory {
  readonly path: string;
  /** Removes it with all that is in it. A second call does nothing. */
  readonly remove: () => void;
}

/**
 * Makes the directory, and has everything temporary made in it from now on: copies of repositories, homes of commands. Even
 * a run that is cut off by a second Ctrl-C or by a crash of this program leaves nothing behind, because one removal at
 * the end of the process is enough. A SIGKILL is beyond that.
 */
export function openRunDirectory({ onExit, setTemporaryDirectory }: Surroundings): RunDirectory {
  const before = tmpdir();
  const path = mkdtempSync(join(before, "orgtree-run-"));
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
