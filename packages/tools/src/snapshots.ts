/**
 * Snapshots of a directory, as trees in a git repository that lies beside it.
 *
 * Invariants
 *   S1. The directory's own `.git` is neither read nor written: whatever an agent does in it, snapshots and patches stay right.
 *   S2. Files are stored as their bytes: no attribute, filter or line ending conversion applies.
 *   S3. What is ignored is decided by the rules of the start: no file that is written later hides anything, nor does a rule hide what
 *       was there at the start.
 */
import { isUtf8 } from "node:buffer";
import { checkDirectory } from "./directory.ts";
import { GitError, UndeliverableError, UnknownCheckpointError, WorkspaceBusyError } from "./errors.ts";
import { type GitOutcome, tryGit } from "./git.ts";
import { describeName, splitBytes, splitNul } from "./nul-list.ts";
import { patchText } from "./patch-text.ts";
import { SnapshotRepository, type SnapshotPlaces } from "./snapshot-repository.ts";

/** A file that differs between two states. A rename is a deletion and an addition. */
export interface ChangedFile {
  readonly path: string;
  readonly change: "added" | "modified" | "deleted";
}

/** What snapshots start from. */
export interface SnapshotStart extends SnapshotPlaces {
  /** The files of the first snapshot. */
  readonly files: readonly string[];
  /** All the ignore rules that there are (S3), as one list for the top. */
  readonly ignoreRules: string;
  readonly signal: AbortSignal | undefined;
}

/** Files that a restored one stands in the way of, or the other way round, may need a second pass. */
const maxRestorePasses = 2;

/** Snapshots of one directory; calls must not overlap, but for those that are no `patch`, `restore` or `take`. */
export class Snapshots {
  readonly #repository: SnapshotRepository;
  /** The trees that were made here, which need no look. */
  readonly #known: Set<string>;
  /** The first snapshot. */
  readonly base: string;

  private constructor(repository: SnapshotRepository, base: string) {
    this.#repository = repository;
    this.base = base;
    this.#known = new Set([base]);
  }

  /** Makes the repository, in a directory that is there, and takes the first snapshot. */
  static async start({ files, ignoreRules, signal, ...places }: SnapshotStart): Promise<Snapshots> {
    const repository = await SnapshotRepository.make(places, ignoreRules);
    // By name and not by `add`, which would leave out tracked files that match an ignore rule.
    await repository.git(["update-index", "--add", "-z", "--stdin"], { input: zeroEnded(files), signal });
    return new Snapshots(repository, await repository.writeTree());
  }

  /** The snapshots of an earlier process, whose first one was `base`. What that process left half done is removed. */
  static async reopen(places: SnapshotPlaces, base: string): Promise<Snapshots> {
    return new Snapshots(await SnapshotRepository.reopen(places), base);
  }

  /** The directory whose files are kept. */
  get root(): string {
    return this.#repository.root;
  }

  /** Keeps the present state and gives its id. */
  take(): Promise<string> {
    return this.#withPresent((_index, tree) => Promise.resolve(tree));
  }

  /** Makes the files those of a snapshot. Ignored files stay. */
  async restore(tree: string): Promise<void> {
    await this.#checkKnown(tree);
    for (let pass = 0; pass < maxRestorePasses; pass += 1) {
      const isThere = await this.#withPresent(async (index, present) => {
        if (present !== tree) await this.#repository.git(["read-tree", "--reset", "-u", tree], { index });
        return present === tree;
      });
      if (isThere) return;
    }
    if ((await this.take()) !== tree) throw new WorkspaceBusyError(this.root);
  }

  /** Writes the files of a snapshot into an empty directory. */
  async writeFiles(tree: string, to: string, signal: AbortSignal | undefined): Promise<void> {
    await this.#checkKnown(tree);
    await this.#repository.withIndex(async (index) => {
      await this.#repository.git(["read-tree", tree], { index, signal });
      await this.#repository.git(["checkout-index", "--all", "--force", "--quiet"], { index, workTree: to, signal });
    });
  }

  /** Writes those of these files that the first snapshot has, and the attribute files that say how git converts files. */
  async writeFirst(paths: readonly string[], to: string, signal: AbortSignal | undefined): Promise<void> {
    const listed = await this.#repository.git(["ls-files", "-z", "--cached", "--", ":(top,glob)**/.gitattributes"], { signal });
    const input = zeroEnded([...new Set([...splitNul(listed), ...paths])]);
    await this.#repository.withIndex((index) =>
      this.#repository.git(["checkout-index", "--force", "--quiet", "-z", "--stdin"], { index, workTree: to, input, signal }),
    );
  }

  /** Which of these files of a snapshot are not the same in another directory. */
  async differing(tree: string, paths: readonly string[], other: string): Promise<string[]> {
    return this.#repository.withIndex(async (index) => {
      await this.#repository.git(["read-tree", tree], { index });
      const form = ["--add", "--remove", "--replace", "-z", "--stdin"];
      await this.#repository.git(["update-index", ...form], { index, workTree: other, input: zeroEnded(paths) });
      const found = await this.#repository.writeTree(index);
      return splitNul(await this.#repository.git(["diff-tree", "-r", "-z", "--name-only", "--no-renames", tree, found]));
    });
  }

  /** Paths of the symbolic links in a snapshot. Rejects with `UndeliverableError` for a name that is not UTF-8. */
  async links(tree: string): Promise<string[]> {
    const listed = await this.#repository.git(["ls-tree", "-r", "-z", tree]);
    const bad = isUtf8(listed) ? undefined : splitBytes(listed).find((entry) => !isUtf8(Buffer.from(entry, "latin1")));
    if (bad !== undefined) {
      const path = describeName(bad.slice(bad.indexOf("\t") + 1));
      throw new UndeliverableError(`the name of ${path} is not UTF-8`, [path], "rename it, or remove it");
    }
    const entries = splitNul(listed);
    return entries.filter((entry) => entry.startsWith("120000 ")).map((entry) => entry.slice(entry.indexOf("\t") + 1));
  }

  /** The rule by which a new file at this path would be ignored; none for a file that was there at the start. */
  async ignoreRule(path: string): Promise<string | undefined> {
    const asked = { input: `${path}\0`, workTree: this.#repository.nowhere };
    const { exitCode, stdout, stderr } = await tryGit(["check-ignore", "--verbose", "-z", "--stdin"], this.#repository.options(asked));
    if (exitCode !== 0 && exitCode !== 1) throw new GitError("check-ignore", exitCode, stderr);
    const [, , rule] = stdout.toString("utf8").split("\0");
    return rule === undefined || rule.startsWith("!") ? undefined : rule;
  }

  /** Whether git keeps a file at this path; of others, such as `git~1/x`, it says nothing and leaves them out. */
  accepts(path: string): Promise<boolean> {
    return this.#repository.accepts(path);
  }

  /** What changed from the first snapshot to this one, by path. */
  async changes(tree: string): Promise<ChangedFile[]> {
    await this.#checkKnown(tree);
    const fields = splitNul(await this.#repository.git(["diff-tree", "-r", "-z", "--name-status", "--no-renames", this.base, tree]));
    const changes: ChangedFile[] = [];
    for (let at = 0; at + 1 < fields.length; at += 2) {
      const letter = fields[at];
      changes.push({ path: fields[at + 1] ?? "", change: letter === "A" ? "added" : letter === "D" ? "deleted" : "modified" });
    }
    return changes;
  }

  /** The patch from the first snapshot to this one. */
  async patch(tree: string): Promise<string> {
    await this.#checkKnown(tree);
    return patchText(await this.#rawPatch(tree), () => this.#repository.asBinary(() => this.#rawPatch(tree)));
  }

  /** Paths of the files that are there and not ignored, all of them or those that match the glob. */
  async files(glob: string | undefined, signal: AbortSignal | undefined): Promise<string[]> {
    const where = ["--", pathspecOf(glob)];
    const listed = splitNul(
      await this.#repository.git(["ls-files", "-z", "--cached", "--others", this.#repository.frozenRules, ...where], { signal }),
    );
    const deleted = new Set(splitNul(await this.#repository.git(["ls-files", "-z", "--deleted", ...where], { signal })));
    return listed.filter((path) => !path.endsWith("/") && !deleted.has(path)).sort();
  }

  /** Runs `git grep` over the same files, whatever it ends with. */
  grep(args: readonly string[], { glob, ...limits }: GrepLimits): Promise<GitOutcome> {
    const form = ["--no-color", "--full-name", "-z", "-I", "-n"];
    // In an index that has the new files too: by itself git would leave out what a `.gitignore` of today says.
    return this.#withPresent((index) =>
      tryGit(["grep", ...form, ...args, "--", pathspecOf(glob)], { ...this.#repository.options({ index }), ...limits }),
    );
  }

  async #checkKnown(tree: string): Promise<void> {
    if (this.#known.has(tree)) return;
    const isId = /^[0-9a-f]{40,64}$/.test(tree);
    const found = isId && (await tryGit(["cat-file", "-e", `${tree}^{tree}`], this.#repository.options({}))).exitCode === 0;
    if (!found) throw new UnknownCheckpointError(tree);
  }

  #rawPatch(tree: string): Promise<Buffer> {
    const form = ["-r", "-p", "--binary", "--full-index", "--no-renames", "--no-ext-diff", "--no-textconv", "--no-color"];
    return this.#repository.git(["diff-tree", ...form, this.base, tree]);
  }

  /** Brings an index up to the present files, and hands it on with its tree. */
  async #withPresent<T>(use: (index: string, tree: string) => Promise<T>): Promise<T> {
    await checkDirectory(this.root);
    return this.#repository.withIndex(async (index) => {
      // Byte for byte: a name that is not UTF-8 is work too.
      const others = splitBytes(await this.#repository.git(["ls-files", "-z", "--others", this.#repository.frozenRules], { index }));
      const nested = others.filter((path) => path.endsWith("/")).map((path) => `:(top,exclude,literal)${asText(path.slice(0, -1))}`);
      await this.#repository.git(["add", "--update", "--", ":(top)", ...nested], { index });
      // By name, since `add` goes by the ignore files of today. Some may be gone again: a command may be running.
      const added = others.filter((path) => !path.endsWith("/"));
      const input = Buffer.from(zeroEnded(added), "latin1");
      if (added.length > 0)
        await this.#repository.git(["update-index", "--add", "--remove", "--replace", "-z", "--stdin"], { index, input });
      const tree = await this.#repository.writeTree(index);
      this.#known.add(tree);
      return await use(index, tree);
    });
  }
}

interface GrepLimits {
  readonly glob: string | undefined;
  readonly signal: AbortSignal | undefined;
  readonly maxOutputBytes: number;
}

function zeroEnded(paths: readonly string[]): string {
  return paths.map((path) => `${path}\0`).join("");
}

function asText(latin1: string): string {
  return Buffer.from(latin1, "latin1").toString("utf8");
}

function pathspecOf(glob: string | undefined): string {
  return glob === undefined ? ":(top)" : `:(top,glob)${glob}`;
}
