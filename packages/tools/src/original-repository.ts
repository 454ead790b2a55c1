/** The person's repository. It is read here, and never written: no lock, no refreshed index, no object. */
import { readFile, realpath } from "node:fs/promises";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { checkDirectory } from "./directory.ts";
import { DirectoryNotFoundError, NotARepositoryError } from "./errors.ts";
import { git, tryGit } from "./git.ts";
import { joinIgnoreRules, readIgnoreFiles } from "./ignore-rules.ts";
import { splitNul, splitPaths } from "./nul-list.ts";

/** What a copy is made from. */
export interface OriginalRepository {
  /** The top of its work tree, with all links resolved. */
  readonly root: string;
  /** Its `.git`, wherever that is. */
  readonly gitDirectory: string;
  /** Paths of tracked and of new, not ignored, files; some may be missing in the work tree. */
  readonly files: readonly string[];
  /** Ignore rules that are not in the work tree: the repository's private ones and the person's own. */
  readonly privateRules: string;
  /** All ignore rules that hold now, as one list for the top. */
  readonly ignoreRules: string;
}

/**
 * Reads a repository. Rejects with `NotARepositoryError` when `path` is not the top of one with a work tree, `FileNameError` for a file
 * whose name is not UTF-8.
 */
export async function readOriginal(path: string, signal?: AbortSignal): Promise<OriginalRepository> {
  const { root, gitDirectory, privateRulesFile } = await placesOf(resolve(path), signal);
  const read = { cwd: root, signal, asPerson: true };
  const list = await git(["ls-files", "-z", "--cached", "--others", "--exclude-standard"], read);
  const files = [...new Set(splitPaths(list))];
  const ownRules = await readOrEmpty(privateRulesFile);
  const personRules = await readOrEmpty(await personIgnoreFile(root, signal));
  const privateRules = `${personRules}\n${ownRules}\n`;
  const ignoreFiles = await readIgnoreFiles(root, [...files, ...(await hiddenIgnoreFiles(root, signal))]);
  return {
    root,
    gitDirectory,
    files,
    privateRules,
    // The order is git's: what is nearest to a file counts most.
    ignoreRules: `${privateRules}${joinIgnoreRules(ignoreFiles)}`,
  };
}

/** Where there may be ignore files that are ignored themselves, as in a virtualenv, which has one that says `*`. */
async function hiddenIgnoreFiles(root: string, signal: AbortSignal | undefined): Promise<string[]> {
  const form = ["-z", "--others", "--ignored", "--exclude-standard", "--directory"];
  const ignored = splitNul(await git(["ls-files", ...form], { cwd: root, signal, asPerson: true }));
  return ignored.map((path) => (path.endsWith("/") ? `${path}.gitignore` : path));
}

interface RepositoryPlaces {
  readonly root: string;
  readonly gitDirectory: string;
  readonly privateRulesFile: string;
}

/** An option that git does not know: it repeats it, and so parts its answers, in which there may be line ends. */
const next = "--next-answer";

async function placesOf(path: string, signal: AbortSignal | undefined): Promise<RepositoryPlaces> {
  try {
    await checkDirectory(path);
  } catch (error) {
    if (!(error instanceof DirectoryNotFoundError)) throw error;
    throw new NotARepositoryError(path, "there is no such directory", "give the path of a directory with a git repository");
  }
  const asked = ["--show-toplevel", next, "--absolute-git-dir", next, "--git-path", "info/exclude"];
  const { exitCode, stdout, stderr } = await tryGit(["rev-parse", ...asked], { cwd: path, signal, asPerson: true });
  const real = await realpath(path);
  if (exitCode !== 0) throw explain(path, stderr);
  const [shown = "", gitDirectory = "", exclude = ""] = `${stdout.toString("utf8")}${next}\n`.split(`\n${next}\n`);
  const top = await realpath(shown);
  if (top !== real)
    throw new NotARepositoryError(path, `it is a directory inside of ${top}`, `give ${top}, or run \`git init\` in ${path}`);
  return { root: real, gitDirectory, privateRulesFile: resolve(real, exclude) };
}

function explain(path: string, stderr: string): NotARepositoryError {
  if (stderr.includes("dubious ownership")) {
    const remedy = `if you trust it, run \`git config --global --add safe.directory ${path}\``;
    return new NotARepositoryError(path, "it belongs to another user", remedy);
  }
  if (stderr.includes("must be run in a work tree")) {
    return new NotARepositoryError(path, "it has no work tree", "give a clone that has its files checked out");
  }
  if (stderr.includes("not a git repository")) {
    return new NotARepositoryError(path, "git finds no repository there", `run \`git init\` in ${path}, or give the path of a repository`);
  }
  return new NotARepositoryError(path, `git says: ${stderr}`, "repair it, or give the path of another repository");
}

/** The file that core.excludesFile names, or git's default for it. */
async function personIgnoreFile(root: string, signal: AbortSignal | undefined): Promise<string> {
  const { stdout } = await tryGit(["config", "--type=path", "--get", "core.excludesFile"], { cwd: root, signal, asPerson: true });
  const named = stdout.toString("utf8").trim();
  if (named !== "") return resolve(root, named);
  return join(process.env["XDG_CONFIG_HOME"] ?? join(homedir(), ".config"), "git", "ignore");
}

async function readOrEmpty(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR" || code === "EACCES") return "";
    throw error;
  }
}
