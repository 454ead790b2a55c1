import { chmod, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { DirectoryNotFoundError } from "./errors.ts";

/** Throws `DirectoryNotFoundError` unless there is a directory. */
export async function checkDirectory(path: string): Promise<void> {
  try {
    if ((await stat(path)).isDirectory()) return;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== "ENOENT" && code !== "ENOTDIR") throw error;
  }
  throw new DirectoryNotFoundError(path);
}

/** Removes a directory with all that is in it, also what was made read-only, as Go does with its module cache. */
export async function removeDirectory(path: string): Promise<void> {
  const options = { recursive: true, force: true, maxRetries: 3 };
  try {
    await rm(path, options);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== "EACCES" && code !== "EPERM") throw error;
    await makeRemovable(path);
    await rm(path, options);
  }
}

async function makeRemovable(directory: string): Promise<void> {
  await chmod(directory, 0o700);
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    if (entry.isDirectory()) await makeRemovable(join(directory, entry.name));
  }
}
