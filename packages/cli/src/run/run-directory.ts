import { mkdirSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { claimDirectory, removeAbandonedDirectories, removeDirectorySync } from "orgtree";
import type { Surroundings } from "../surroundings.ts";

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
  removeAbandonedDirectories(before, prefix);
  const { journal, path = mkdtempSync(join(before, prefix)) } = options;
  mkdirSync(path, { recursive: true, mode: 0o700 });
  claimDirectory(path, journal);
  let isKept = options.path !== undefined;
  const cancel = onExit(() => {
    if (!isKept) removeDirectorySync(path);
  });
  setTemporaryDirectory(path);
  const leave = (): void => {
    setTemporaryDirectory(before);
    cancel();
    if (!isKept) removeDirectorySync(path);
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
