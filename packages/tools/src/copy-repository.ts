import { constants, type Stats } from "node:fs";
import { appendFile, copyFile, cp, lstat, mkdir, readlink, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { SpecError } from "@orgtree/core";
import { git, tryGit } from "./git.ts";
import type { OriginalRepository } from "./original-repository.ts";

/** Files copied at the same time. */
const width = 32;

/** What to copy, and where to. */
export interface CopyOptions {
  /** A directory that does not exist yet. */
  readonly to: string;
  /** Ignored files and directories to copy too, relative to the repository. */
  readonly ignoredPaths: readonly string[];
  readonly signal: AbortSignal | undefined;
}

/**
 * Copies a repository: its history, without a remote, and its files as they lie in the work tree, changed and new ones included.
 *
 * Files are copied as bytes, never checked out, so line endings and filters cannot make a difference. Submodules and other nested
 * repositories are left out. Gives back the paths that were copied, without the ignored ones.
 */
export async function copyRepository(original: OriginalRepository, options: CopyOptions): Promise<string[]> {
  const { to, ignoredPaths, signal } = options;
  const form = ["--quiet", "--no-hardlinks", "--no-checkout", "--no-reject-shallow", "--template=", "--origin=origin"];
  await git(["clone", ...form, original.root, to], { cwd: original.root, signal, asPerson: true });
  await settleClone(original, to, signal);
  const copied = await copyFiles(original, to, signal);
  for (const path of ignoredPaths) await copyIgnored(original.root, to, path);
  return copied;
}

async function settleClone(original: OriginalRepository, to: string, signal: AbortSignal | undefined): Promise<void> {
  const inCopy = { cwd: to, signal };
  // With the remote there, a `git push` of an agent would write into the original.
  await git(["remote", "remove", "origin"], inCopy);
  await git(["config", "user.name", "orgtree"], inCopy);
  await git(["config", "user.email", "orgtree@localhost"], inCopy);
  await mkdir(join(to, ".git", "info"), { recursive: true });
  await appendFile(join(to, ".git", "info", "exclude"), original.ignoreRules);
  const { exitCode } = await tryGit(["rev-parse", "--quiet", "--verify", "HEAD"], inCopy);
  if (exitCode === 0) await git(["read-tree", "HEAD"], inCopy);
}

async function copyFiles(original: OriginalRepository, to: string, signal: AbortSignal | undefined): Promise<string[]> {
  const left = [...original.files].reverse();
  const copied: string[] = [];
  const isDirectory = realDirectories(original.root);
  async function work(): Promise<void> {
    for (let path = left.pop(); path !== undefined; path = left.pop()) {
      signal?.throwIfAborted();
      // A tracked file whose directory became a link: git counts it as deleted.
      if (!(await isDirectory(dirname(path)))) continue;
      if (await copyOne(join(original.root, path), join(to, path))) copied.push(path);
    }
  }
  const ends = await Promise.allSettled(Array.from({ length: width }, work));
  const failed = ends.find((end) => end.status === "rejected");
  if (failed) throw failed.reason as Error;
  return copied.sort();
}

/** False when there is nothing to copy: deleted, or a nested repository. */
async function copyOne(from: string, to: string): Promise<boolean> {
  const stats = await lstatOrNothing(from);
  if (stats === undefined || !(stats.isFile() || stats.isSymbolicLink())) return false;
  await mkdir(dirname(to), { recursive: true });
  if (stats.isSymbolicLink()) await symlink(await readlink(from), to);
  else await copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  return true;
}

async function copyIgnored(root: string, to: string, path: string): Promise<void> {
  const parts = path.split("/");
  if (path === "" || path.startsWith("/") || parts.includes("..") || parts.includes(".git")) {
    throw new SpecError("ignoredPaths", `${JSON.stringify(path)} must be a path inside of the repository`);
  }
  if ((await lstatOrNothing(join(root, path))) === undefined) {
    throw new SpecError("ignoredPaths", `there is no ${JSON.stringify(path)} in ${root}`);
  }
  // Links stay as they are written: resolved, they would lead back into the original.
  await cp(join(root, path), join(to, path), { recursive: true, verbatimSymlinks: true, mode: constants.COPYFILE_FICLONE });
}

/** Says whether a relative path is a directory with no link on the way; each directory is looked at once. */
function realDirectories(root: string): (path: string) => Promise<boolean> {
  const known = new Map<string, Promise<boolean>>([[".", Promise.resolve(true)]]);
  const look = async (path: string): Promise<boolean> =>
    (await ask(dirname(path))) && ((await lstatOrNothing(join(root, path)))?.isDirectory() ?? false);
  const ask = (path: string): Promise<boolean> => {
    const answer = known.get(path) ?? look(path);
    known.set(path, answer);
    return answer;
  };
  return ask;
}

async function lstatOrNothing(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw error;
  }
}
