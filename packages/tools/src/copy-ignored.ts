/** Ignored files and directories that a check needs, copied from the original: `node_modules`, a virtualenv. */
import { constants } from "node:fs";
import { cp, lstat, readdir, rm, symlink } from "node:fs/promises";
import { dirname, join, posix, relative } from "node:path";
import { SpecError } from "@orgtree/core";
import { absoluteTarget, targetInCopy } from "./link-target.ts";
import type { OriginalRepository } from "./original-repository.ts";
import { relocateVirtualenv } from "./virtualenv.ts";

/** Throws `SpecError` unless each path is ignored, is there, and is inside of the repository. */
export async function checkIgnoredPaths(original: OriginalRepository, paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    const name = path === "" ? '""' : path;
    const parts = path.split("/");
    if (path === "" || path.startsWith("/") || parts.includes("..") || parts.includes(".git"))
      throw new SpecError("ignoredPaths", `${name}: must be a path inside of the repository`);
    if (!(await isThere(join(original.root, path))))
      throw new SpecError("ignoredPaths", `${name}: there is no such path in ${original.root}; leave it out`);
    const plain = posix.normalize(path).replace(/\/$/, "");
    const tracked = original.files.find((file) => plain === "." || file === plain || file.startsWith(`${plain}/`));
    if (tracked !== undefined)
      throw new SpecError(
        "ignoredPaths",
        `${name}: is not ignored, since ${tracked} is in it and is copied anyway; name only what git ignores`,
      );
  }
}

/**
 * Copies ignored paths that were checked. Links into the original lead into the copy; others stay, and lead where they led: whoever
 * names an ignored path vouches for what it links to. A virtualenv is told its new place.
 */
export async function copyIgnored(original: OriginalRepository, to: string, paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    await cp(join(original.root, path), join(to, path), { recursive: true, verbatimSymlinks: true, mode: constants.COPYFILE_FICLONE });
    for (const entry of await entriesBelow(to, path)) {
      if (entry.isLink) await settleLink(original.root, to, entry.path);
      else if (posix.basename(entry.path) === "pyvenv.cfg")
        await relocateVirtualenv(join(to, dirname(entry.path)), { from: original.root, to });
    }
  }
}

interface Entry {
  /** From the top of the repository. */
  readonly path: string;
  readonly isLink: boolean;
}

async function entriesBelow(root: string, path: string): Promise<Entry[]> {
  const stats = await lstat(join(root, path));
  if (!stats.isDirectory()) return [{ path, isLink: stats.isSymbolicLink() }];
  const found = await readdir(join(root, path), { recursive: true, withFileTypes: true });
  return found.map((entry) => ({ path: relative(root, join(entry.parentPath, entry.name)), isLink: entry.isSymbolicLink() }));
}

async function settleLink(root: string, copy: string, path: string): Promise<void> {
  const target = (await targetInCopy(root, path)) ?? (await absoluteTarget(root, path));
  await rm(join(copy, path));
  await symlink(target, join(copy, path));
}

async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR") return false;
    throw error;
  }
}
