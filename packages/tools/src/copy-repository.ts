import { constants, type Stats } from "node:fs";
import { copyFile, cp, lstat, mkdir, readFile, readlink, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { GitError, OutsideLinkError } from "./errors.ts";
import { git, tryGit } from "./git.ts";
import { targetInCopy } from "./link-target.ts";
import type { OriginalRepository } from "./original-repository.ts";

/** Files copied at the same time. */
const width = 32;

/** From where to where. */
export interface CopyOptions {
  /** A copy of the original's history, made by `copyHistory`. */
  readonly history: string;
  /** A directory that does not exist yet. */
  readonly to: string;
  readonly signal: AbortSignal | undefined;
}

/** What was copied, by path. */
export interface CopiedFiles {
  /** The symbolic links among them too. */
  readonly files: readonly string[];
  readonly links: readonly string[];
}

/**
 * Copies the files of a repository as they lie in the work tree, changed and new ones included, with its history.
 *
 * Files are copied as bytes, never checked out, so line endings and filters cannot make a difference. Links into the original lead into
 * the copy. Submodules and other nested repositories are left out.
 *
 * Rejects with `OutsideLinkError` for a link that leads out of the original.
 */
export async function copyRepository(original: OriginalRepository, options: CopyOptions): Promise<CopiedFiles> {
  await openHistory(original, options);
  return copyFiles(original, options.to, options.signal);
}

/** Copies the history of a repository, once for all copies: what others commit later is in none of them. */
export async function copyHistory(original: OriginalRepository, to: string, signal: AbortSignal | undefined): Promise<void> {
  const form = ["--quiet", "--bare", "--no-hardlinks", "--no-reject-shallow", "--template=", "--origin=origin"];
  await git(["clone", ...form, original.root, to], { cwd: original.root, signal, asPerson: true });
  // An agent that looks around need not find the way to the original.
  const config = join(to, "config");
  await writeFile(config, (await readFile(config, "utf8")).replace(/^\[remote "origin"\]\n(?:[ \t].*\n)*/m, ""));
  const inCopy = { cwd: to, signal };
  const { exitCode, stderr } = await tryGit(["read-tree", "HEAD"], inCopy);
  // A repository without a commit has nothing to read.
  if (exitCode !== 0 && (await tryGit(["rev-parse", "--quiet", "--verify", "HEAD"], inCopy)).exitCode === 0)
    throw new GitError("read-tree", exitCode, stderr);
}

/**
 * Makes a directory with the history and without files: the `.git` of a copy. Objects are read where the history's are; the
 * rest is small, and copied without asking git, since it is done for every check.
 */
export async function openHistory(original: OriginalRepository, { history, to }: CopyOptions): Promise<void> {
  const directory = join(to, ".git");
  await mkdir(join(directory, "objects", "info"), { recursive: true });
  await mkdir(join(directory, "info"));
  await writeFile(join(directory, "objects", "info", "alternates"), `${join(history, "objects")}\n`);
  for (const name of ["HEAD", "index", "packed-refs", "refs", "shallow"]) await copyIfThere(join(history, name), join(directory, name));
  const config = await readFile(join(history, "config"), "utf8");
  const own = config.replace(/^(\s*bare\s*=\s*)true$/m, "$1false");
  await writeFile(join(directory, "config"), `${own}[user]\n\tname = orgtree\n\temail = orgtree@localhost\n`);
  await writeFile(join(directory, "info", "exclude"), original.privateRules);
}

async function copyIfThere(from: string, to: string): Promise<void> {
  if ((await lstatOrNothing(from)) !== undefined) await cp(from, to, { recursive: true });
}

async function copyFiles(original: OriginalRepository, to: string, signal: AbortSignal | undefined): Promise<CopiedFiles> {
  const left = [...original.files].reverse();
  const [files, links]: [string[], string[]] = [[], []];
  const isDirectory = realDirectories(original.root);
  async function work(): Promise<void> {
    for (let path = left.pop(); path !== undefined; path = left.pop()) {
      signal?.throwIfAborted();
      // A tracked file whose directory became a link: git counts it as deleted.
      if (!(await isDirectory(dirname(path)))) continue;
      const kind = await copyOne(original.root, to, path);
      if (kind !== undefined) files.push(path);
      if (kind === "link") links.push(path);
    }
  }
  const ends = await Promise.allSettled(Array.from({ length: width }, work));
  const failed = ends.find((end) => end.status === "rejected");
  if (failed) throw failed.reason as Error;
  return { files: files.sort(), links: links.sort() };
}

/** Nothing when there is nothing to copy: deleted, or a nested repository. */
async function copyOne(root: string, copy: string, path: string): Promise<"file" | "link" | undefined> {
  const [from, to] = [join(root, path), join(copy, path)];
  const stats = await lstatOrNothing(from);
  if (stats === undefined || !(stats.isFile() || stats.isSymbolicLink())) return undefined;
  await mkdir(dirname(to), { recursive: true });
  if (stats.isSymbolicLink()) {
    const target = await targetInCopy(root, path);
    if (target === undefined) throw new OutsideLinkError(path, await readlink(from));
    await symlink(target, to);
    return "link";
  }
  await copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  return "file";
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
