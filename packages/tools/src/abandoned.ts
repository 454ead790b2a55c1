/** What processes that were killed have left. */
import { chmodSync, lstatSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { isAbandoned } from "./directory-owner.ts";

/** Removes the directories of this name, in `parent`, that killed processes of the same user have left and no journal needs. */
export function removeAbandonedDirectories(parent: string, prefix: string): void {
  for (const name of readdirSync(parent)) {
    const path = join(parent, name);
    if (!name.startsWith(prefix) || !isOwnDirectory(path) || !isAbandoned(path)) continue;
    try {
      removeDirectorySync(path);
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

/** Removes a directory with all that is in it, also at the end of a process, when nothing can be waited for. */
export function removeDirectorySync(path: string): void {
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
