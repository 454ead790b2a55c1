import { chmodSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Surroundings } from "../surroundings.ts";
import { isAbandoned, writeOwner } from "./run-owner.ts";

/** A directory for everything temporary of one run. */
export interface RunDirectory {
  readonly path: string;
  /** From now on it is needed to go on: it stays when this process ends. */
  readonly keep: () => void;
  /** Nothing temporary is made in it any more; it is removed with all that is in it, unless it is kept. A second call does nothing. */
  readonly leave: () => void;
  /** Leaves it, and removes it. */
  readonly remove: () => void;
}

const prefix = "orgtree-run-";

/** For which run a directory is opened. */
export interface RunDirectoryOptions {
  /** The journal that needs it, as long as that is there. */
  readonly journal: string | undefined;
  /** That of an earlier process, which may be gone. */
  readonly path?: string | undefined;
}

/**
 * Makes the directory, and has everything temporary made in it from now on: copies of repositories, homes of commands. Even
 * a run that is cut off by a second Ctrl-C or by a crash of this program leaves nothing behind, because one removal at
 * the end of the process is enough. A SIGKILL is beyond that: what it leaves is removed here, by a later run, once no journal needs it.
 */
export function openRunDirectory({ onExit, setTemporaryDirectory }: Surroundings, options: RunDirectoryOptions): RunDirectory {
  const before = tmpdir();
  removeAbandoned(before);
  const { journal, path = mkdtempSync(join(before, prefix)) } = options;
  mkdirSync(path, { recursive: true, mode: 0o700 });
  writeOwner(path, journal);
  let isKept = options.path !== undefined;
  const cancel = onExit(() => {
    if (!isKept) removeDirectory(path);
  });
  setTemporaryDirectory(path);
  const leave = (): void => {
    setTemporaryDirectory(before);
    cancel();
    if (!isKept) removeDirectory(path);
  };
  return {
    path,
    keep: () => void (isKept = true),
    leave,
    remove() {
      isKept = false;
      leave();
    },
  };
}

/** Removes what killed runs of the same user have left and no journal needs. */
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
