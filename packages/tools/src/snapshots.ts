/**
 * Snapshots of a directory, as trees in a git repository that lies beside it.
 *
 * Invariants
 *   S1. The directory's own `.git` is neither read nor written: whatever an agent does in it, snapshots and patches stay right.
 *   S2. Files are stored as their bytes: no attribute, filter or line ending conversion applies.
 *   S3. What is ignored is decided by the rules of the start: no file that is written later hides anything, nor does a rule hide what
 *       was there at the start.
 */
import { lstat, rm } from "node:fs/promises";
import { posix } from "node:path";
import { checkDirectory } from "./directory.ts";
import { GitError, UnknownCheckpointError, WorkspaceBusyError } from "./errors.ts";
import { type FileStamps, readStamps } from "./file-stamps.ts";
import { type GitOutcome, tryGit } from "./git.ts";
import { splitBytes, splitNul } from "./nul-list.ts";
import { patchText } from "./patch-text.ts";
import { SnapshotRepository, type SnapshotPlaces } from "./snapshot-repository.ts";
import { type ChangedFile, checkNames, noDiff, parseTreeDiff, type TreeDiff } from "./tree-diff.ts";

/** What snapshots start from. */
export interface SnapshotStart extends SnapshotPlaces {
  /** The files of the first snapshot. */
  readonly files: readonly string[];
  /** Those of them that are symbolic links. */
  readonly links: readonly string[];
  /** All the ignore rules that there are (S3), as one list for the top. */
  readonly ignoreRules: string;
  readonly signal: AbortSignal | undefined;
}

/** Files that a restored one stands in the way of, or the other way round, may need a second pass. */
const maxRestorePasses = 2;

/** A state of the directory, in an index that has its files. */
interface Present {
  readonly tree: string;
  readonly index: string;
  /** Of the files that differ from the first snapshot. None where they may have changed unseen. */
  readonly stamps?: FileStamps | undefined;
}

/** Snapshots of one directory; calls must not overlap, but for those that are no `patch`, `restore` or `take`. */
export class Snapshots {
  readonly #repository: SnapshotRepository;
  /** What is in the first snapshot. */
  readonly #files: ReadonlySet<string>;
  readonly #links: readonly string[];
  /** The trees that were made here, which need no look. */
  readonly #known: Set<string>;
  /** The first snapshot. */
  readonly base: string;
  /** What was there when somebody looked last. */
  #latest: Present;
  /** What was asked last: a check asks for the patch, another one for the files. */
  #diff: { readonly tree: string; readonly found: TreeDiff };

  private constructor(repository: SnapshotRepository, base: string, { files, links }: Pick<SnapshotStart, "files" | "links">) {
    this.#repository = repository;
    this.#files = new Set(files);
    this.#links = links;
    this.base = base;
    this.#known = new Set([base]);
    this.#latest = { tree: base, index: repository.firstIndex };
    this.#diff = { tree: base, found: noDiff };
  }

  /** Makes the repository, in a directory that is there, and takes the first snapshot. */
  static async start(start: SnapshotStart): Promise<Snapshots> {
    const repository = await SnapshotRepository.make(start, start.ignoreRules);
    // By name and not by `add`, which would leave out tracked files that match an ignore rule.
    await repository.git(["update-index", "--add", "-z", "--stdin"], { input: zeroEnded(start.files), signal: start.signal });
    return new Snapshots(repository, await repository.writeTree(), start);
  }

  /** The snapshots of an earlier process, whose first one was `base`. What that process left half done is removed. */
  static async reopen(places: SnapshotPlaces, base: string): Promise<Snapshots> {
    const repository = await SnapshotRepository.reopen(places);
    const listed = splitNul(await repository.git(["ls-tree", "-r", "-z", "--full-tree", base]));
    const files = listed.map((line) => line.slice(line.indexOf("\t") + 1));
    const links = files.filter((_, at) => listed[at]!.startsWith("120000"));
    return new Snapshots(repository, base, { files, links });
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
    await this.#withTree(tree, (index) =>
      this.#repository.git(["checkout-index", "--all", "--force", "--quiet"], { index, workTree: to, signal }),
    );
  }

  /** Writes those of these files that the first snapshot has, and the attribute files that say how git converts files. */
  async writeFirst(paths: readonly string[], to: string, signal: AbortSignal | undefined): Promise<void> {
    const attributeFiles = [...this.#files].filter((path) => posix.basename(path) === ".gitattributes");
    const input = zeroEnded([...new Set([...attributeFiles, ...paths])]);
    await this.#repository.withIndex((index) =>
      this.#repository.git(["checkout-index", "--force", "--quiet", "-z", "--stdin"], { index, workTree: to, input, signal }),
    );
  }

  /** Which of these files of a snapshot are not the same in another directory. */
  async differing(tree: string, paths: readonly string[], other: string): Promise<string[]> {
    const modified = await this.#withTree(tree, (index) =>
      this.#repository.git(["ls-files", "-z", "--modified"], { index, workTree: other }),
    );
    const asked = new Set(paths);
    return [...new Set(splitNul(modified))].filter((path) => asked.has(path));
  }

  /** Paths of the symbolic links in a snapshot. Rejects with `UndeliverableError` for a name that is not UTF-8. */
  async links(tree: string): Promise<string[]> {
    const diff = await this.#diffOf(tree);
    checkNames(diff);
    const changed = new Set(diff.changes.map(({ path }) => path));
    return [...this.#links.filter((path) => !changed.has(path)), ...diff.links];
  }

  /** The rule by which a new file at this path would be ignored; none for a file that was there at the start. */
  async ignoreRule(path: string): Promise<string | undefined> {
    await checkDirectory(this.root);
    if (this.#files.has(path)) return undefined;
    const asked = { input: `${path}\0`, workTree: this.#repository.nowhere };
    const { exitCode, stdout, stderr } = await tryGit(["check-ignore", "--verbose", "-z", "--stdin"], this.#repository.options(asked));
    if (exitCode !== 0 && exitCode !== 1) throw new GitError("check-ignore", exitCode, stderr);
    const [, , rule] = stdout.toString("utf8").split("\0");
    return rule === undefined || rule.startsWith("!") ? undefined : rule;
  }

  /** Whether git keeps a file at this path; of others, such as `git~1/x`, it says nothing and leaves them out. */
  async accepts(path: string): Promise<boolean> {
    await checkDirectory(this.root);
    return await this.#repository.accepts(path);
  }

  /** What changed from the first snapshot to this one, by path. */
  async changes(tree: string): Promise<readonly ChangedFile[]> {
    return (await this.#diffOf(tree)).changes;
  }

  /** The patch from the first snapshot to this one. */
  async patch(tree: string): Promise<string> {
    const { patch } = await this.#diffOf(tree);
    return patchText(patch, async () => parseTreeDiff(await this.#repository.asBinary(() => this.#rawDiff(tree))).patch);
  }

  /** Paths of the files that are there and not ignored, all of them or those that match the glob. */
  async files(glob: string | undefined, signal: AbortSignal | undefined): Promise<string[]> {
    const form = ["-z", "-t", "--cached", "--others", "--deleted", this.#repository.frozenRules];
    const listed = splitNul(await this.#repository.git(["ls-files", ...form, "--", pathspecOf(glob)], { signal }));
    const deleted = new Set(listed.filter((entry) => entry.startsWith("R ")).map((entry) => entry.slice(2)));
    return listed
      .map((entry) => entry.slice(2))
      .filter((path) => !path.endsWith("/") && !deleted.has(path))
      .sort();
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

  async #diffOf(tree: string): Promise<TreeDiff> {
    await checkDirectory(this.root);
    await this.#checkKnown(tree);
    if (tree === this.base) return noDiff;
    if (tree === this.#diff.tree) return this.#diff.found;
    const found = parseTreeDiff(await this.#rawDiff(tree));
    this.#diff = { tree, found };
    return found;
  }

  #rawDiff(tree: string): Promise<Buffer> {
    const form = ["-r", "-z", "--raw", "-p", "--binary", "--full-index", "--no-renames", "--no-ext-diff", "--no-textconv", "--no-color"];
    return this.#repository.git(["diff-tree", ...form, this.base, tree]);
  }

  /** Hands on an index with the files of a snapshot. */
  #withTree<T>(tree: string, use: (index: string) => Promise<T>): Promise<T> {
    if (tree === this.base) return this.#repository.withIndex(use);
    if (tree === this.#latest.tree) return this.#repository.withIndex(use, this.#latest.index);
    return this.#repository.withIndex(async (index) => {
      await this.#repository.git(["read-tree", tree], { index });
      return await use(index);
    });
  }

  /** Hands on an index with the present files, and its tree. */
  async #withPresent<T>(use: (index: string, tree: string) => Promise<T>): Promise<T> {
    await checkDirectory(this.root);
    const { tree, index } = await this.#lookAgain();
    return await this.#repository.withIndex((own) => use(own, tree), index);
  }

  /**
   * What is there now. Most often nothing has changed since somebody looked last: one command tells what differs from the first
   * snapshot, and it is read again only where its stamps are others. (A directory that became an ignored link to the same files
   * does not differ.)
   */
  async #lookAgain(): Promise<Present> {
    const index = this.#repository.firstIndex;
    const form = ["-z", "-t", "--others", "--modified", "--deleted", this.#repository.frozenRules];
    // Byte for byte: a name that is not UTF-8 is work too.
    const listed = splitBytes(await this.#repository.git(["ls-files", ...form], { index }));
    if (listed.length === 0) return { tree: this.base, index };
    const paths = listed.map((entry) => entry.slice(2));
    const stamps = await readStamps(this.root, paths);
    const { stamps: before } = this.#latest;
    if (stamps !== undefined && stamps.text === before?.text) return this.#latest;
    const others = listed.filter((entry) => entry.startsWith("? ")).map((entry) => entry.slice(2));
    return await this.#read(others, { paths: new Set(paths), stamps });
  }

  /** Brings an index up to the present files, of which these are new. */
  async #read(others: readonly string[], listed: Listed): Promise<Present> {
    const index = this.#repository.makeIndex(this.#repository.firstIndex);
    try {
      // When a file system made this link is a time of its own clock: what has the same one may be written once more, unseen.
      const { ctimeNs } = await lstat(index, { bigint: true });
      const nested = others.filter((path) => path.endsWith("/")).map((path) => `:(top,exclude,literal)${asText(path.slice(0, -1))}`);
      await this.#repository.git(["add", "--update", "--", ":(top)", ...nested], { index });
      // By name, since `add` goes by the ignore files of today. Some may be gone again: a command may be running.
      const added = others.filter((path) => !path.endsWith("/"));
      const input = Buffer.from(zeroEnded(added), "latin1");
      if (added.length > 0)
        await this.#repository.git(["update-index", "--add", "--remove", "--replace", "-z", "--stdin"], { index, input });
      const tree = await this.#repository.writeTree(index);
      this.#known.add(tree);
      const isTold = listed.stamps !== undefined && listed.stamps.newestNs < ctimeNs && (await this.#isOf(tree, listed.paths));
      return await this.#keep({ tree, index, stamps: isTold ? listed.stamps : undefined });
    } catch (error) {
      await rm(index, { force: true });
      throw error;
    }
  }

  /** Whether nothing else differs from the first snapshot: what changed after the list was made could change back. */
  async #isOf(tree: string, paths: ReadonlySet<string>): Promise<boolean> {
    const form = ["-r", "-z", "--name-only", "--no-renames"];
    return splitBytes(await this.#repository.git(["diff-tree", ...form, this.base, tree])).every((path) => paths.has(path));
  }

  async #keep(present: Present): Promise<Present> {
    const { index } = this.#latest;
    this.#latest = present;
    if (index !== this.#repository.firstIndex) await rm(index, { force: true });
    return present;
  }
}

/** What differed from the first snapshot when git was asked. Paths are bytes, as latin1. */
interface Listed {
  readonly paths: ReadonlySet<string>;
  readonly stamps: FileStamps | undefined;
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
