/**
 * Snapshots of a directory, as trees in a git repository that lies beside it.
 *
 * Invariants
 *   S1. The directory's own `.git` is neither read nor written: whatever an agent does in it, snapshots and patches stay right.
 *   S2. Files are stored as their bytes: no attribute, filter or line ending conversion applies.
 *   S3. What was there at the start stays in view, even if a later ignore rule matches it.
 */
import { link, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { checkDirectory } from "./directory.ts";
import { UnknownCheckpointError, WorkspaceBusyError } from "./errors.ts";
import { git, type GitOptions, type GitOutcome, tryGit } from "./git.ts";
import { splitNul } from "./original-repository.ts";

/** A file that differs between two states. A rename is a deletion and an addition. */
export interface ChangedFile {
  readonly path: string;
  readonly change: "added" | "modified" | "deleted";
}

/** What a snapshot repository starts from. */
export interface SnapshotStart {
  /** The directory whose files are kept. */
  readonly root: string;
  /** Where the repository is made. */
  readonly directory: string;
  /** The files of the first snapshot. */
  readonly files: readonly string[];
  /** Ignore rules beside those in the directory. */
  readonly ignoreRules: string;
  readonly signal: AbortSignal | undefined;
}

/** Precedes every `.gitattributes` (S2). `!diff`: what is binary is seen from its bytes. */
const attributes = "* -text -eol -filter -ident -working-tree-encoding !diff\n";
/** Restoring an ignore file can bring files into view that it hid; they go in the next pass. */
const maxRestorePasses = 3;

/** Snapshots of one directory; calls must not overlap. */
export class Snapshots {
  readonly #root: string;
  readonly #directory: string;
  #taken = 0;
  /** The first snapshot. */
  #base = "";

  private constructor(start: SnapshotStart) {
    this.#root = start.root;
    this.#directory = start.directory;
  }

  /** Makes the repository and takes the first snapshot. */
  static async start(start: SnapshotStart): Promise<Snapshots> {
    const snapshots = new Snapshots(start);
    const { directory, files, ignoreRules, signal } = start;
    await snapshots.#git(["init", "--quiet", "--template="]);
    await mkdir(join(directory, "info"), { recursive: true });
    await writeFile(join(directory, "info", "attributes"), attributes);
    await writeFile(join(directory, "info", "exclude"), ignoreRules);
    // By name and not by `add`, which would leave out tracked files that match an ignore rule.
    await snapshots.#git(["update-index", "--add", "-z", "--stdin"], { input: files.map((path) => `${path}\0`).join(""), signal });
    snapshots.#base = await snapshots.#writeTree(join(directory, "index"));
    return snapshots;
  }

  /** The id of the first snapshot. */
  get base(): string {
    return this.#base;
  }

  /** Keeps the present state and gives its id. */
  take(): Promise<string> {
    return this.#withPresent((_index, tree) => Promise.resolve(tree));
  }

  /** Makes the files those of a snapshot. Ignored files stay. */
  async restore(tree: string): Promise<void> {
    const isId = /^[0-9a-f]{40,64}$/.test(tree);
    const found = isId && (await tryGit(["cat-file", "-e", `${tree}^{tree}`], this.#options({}))).exitCode === 0;
    if (!found) throw new UnknownCheckpointError(tree);
    for (let pass = 0; pass < maxRestorePasses; pass += 1) {
      const isThere = await this.#withPresent(async (index, present) => {
        if (present !== tree) await this.#git(["read-tree", "--reset", "-u", tree], { index });
        return present === tree;
      });
      if (isThere) return;
    }
    if ((await this.take()) !== tree) throw new WorkspaceBusyError(this.#root);
  }

  /** What changed from the first snapshot to this one, by path. */
  async changes(tree: string): Promise<ChangedFile[]> {
    const fields = splitNul(await this.#git(["diff-tree", "-r", "-z", "--name-status", "--no-renames", this.#base, tree]));
    const changes: ChangedFile[] = [];
    for (let at = 0; at + 1 < fields.length; at += 2) {
      const letter = fields[at];
      changes.push({ path: fields[at + 1] ?? "", change: letter === "A" ? "added" : letter === "D" ? "deleted" : "modified" });
    }
    return changes;
  }

  /** The patch from the first snapshot to this one. */
  async patch(tree: string): Promise<string> {
    const bytes = await this.#rawPatch(tree);
    const whole = decode(bytes);
    if (whole !== undefined) return whole;
    // Some file is text in another encoding than UTF-8, which a string cannot hold: such a file goes as a binary patch.
    const binary = splitPatch(await this.#binaryPatch(tree));
    return splitPatch(bytes)
      .map((part, index) => decode(Buffer.from(part, "latin1")) ?? binary[index])
      .join("");
  }

  /** Paths of the files that are there and not ignored, all of them or those that match the glob. */
  async files(glob: string | undefined, signal: AbortSignal | undefined): Promise<string[]> {
    const where = ["--", pathspecOf(glob)];
    const listed = splitNul(await this.#git(["ls-files", "-z", "--cached", "--others", "--exclude-standard", ...where], { signal }));
    const deleted = new Set(splitNul(await this.#git(["ls-files", "-z", "--deleted", ...where], { signal })));
    return listed.filter((path) => !path.endsWith("/") && !deleted.has(path)).sort();
  }

  /** Runs `git grep` over the same files, whatever it ends with. */
  grep(args: readonly string[], { glob, ...limits }: GrepLimits): Promise<GitOutcome> {
    const form = ["--untracked", "--no-color", "--full-name", "-z", "-I", "-n"];
    return tryGit(["grep", ...form, ...args, "--", pathspecOf(glob)], { ...this.#options({}), ...limits });
  }

  #rawPatch(tree: string): Promise<Buffer> {
    const form = ["-r", "-p", "--binary", "--full-index", "--no-renames", "--no-ext-diff", "--no-textconv", "--no-color"];
    return this.#git(["diff-tree", ...form, this.#base, tree]);
  }

  async #binaryPatch(tree: string): Promise<Buffer> {
    const file = join(this.#directory, "info", "attributes");
    await writeFile(file, `${attributes}* -diff\n`);
    try {
      return await this.#rawPatch(tree);
    } finally {
      await writeFile(file, attributes);
    }
  }

  /** Brings an index up to the present files, and hands it on with its tree. */
  async #withPresent<T>(use: (index: string, tree: string) => Promise<T>): Promise<T> {
    await checkDirectory(this.#root);
    this.#taken += 1;
    const index = join(this.#directory, `index-${this.#taken}`);
    // A link and not a copy: git tells by the index's own time which files may have changed unseen since. git replaces an
    // index and never writes into it, so the first one stays as it is.
    await link(join(this.#directory, "index"), index);
    try {
      const others = splitNul(await this.#git(["ls-files", "-z", "--others", "--exclude-standard"], { index }));
      const nested = others.filter((path) => path.endsWith("/")).map((path) => `:(top,exclude,literal)${path.slice(0, -1)}`);
      await this.#git(["add", "--all", "--", ":(top)", ...nested], { index });
      return await use(index, await this.#writeTree(index));
    } finally {
      await rm(index, { force: true });
    }
  }

  async #writeTree(index: string): Promise<string> {
    return (await this.#git(["write-tree"], { index })).toString().trim();
  }

  #git(args: readonly [string, ...string[]], facts: GitFacts = {}): Promise<Buffer> {
    return git(args, this.#options(facts));
  }

  #options({ index, input, signal }: GitFacts): GitOptions {
    const env = { GIT_DIR: this.#directory, GIT_WORK_TREE: this.#root, ...(index === undefined ? {} : { GIT_INDEX_FILE: index }) };
    return { cwd: this.#root, env, input, signal };
  }
}

interface GrepLimits {
  readonly glob: string | undefined;
  readonly signal: AbortSignal | undefined;
  readonly maxOutputBytes: number;
}

interface GitFacts {
  readonly index?: string;
  readonly input?: string;
  readonly signal?: AbortSignal | undefined;
}

function pathspecOf(glob: string | undefined): string {
  return glob === undefined ? ":(top)" : `:(top,glob)${glob}`;
}

/** The parts of a patch, one for each file, byte for byte as latin1. No line of content can begin as their first lines do. */
function splitPatch(patch: Buffer): string[] {
  return patch.toString("latin1").split(/^(?=diff --git )/m);
}

function decode(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}
