/** The git repository in which snapshots of a directory are kept: where it is, and how git is run on it. */
import { linkSync } from "node:fs";
import { appendFile, mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { git, tryGit, type GitOptions } from "./git.ts";

/** Precedes every `.gitattributes`: files are kept as their bytes. `!diff`: what is binary is seen from its bytes. */
const attributes = "* -text -eol -filter -ident -working-tree-encoding !diff\n";

/** A path that git takes, whatever it is set to: nothing in it is like `.git`, or means something to a file system. */
const plainPath = /^\w[\w.-]*(\/\w[\w.-]*)*$/;

/** Nobody looks whether there is such an object. */
const anyId = "1".repeat(40);

/** What one git command is run with. */
export interface GitFacts {
  /** Default: that of the first snapshot. */
  readonly index?: string;
  readonly input?: string | Uint8Array;
  readonly signal?: AbortSignal | undefined;
  /** Default: the directory whose files are kept. */
  readonly workTree?: string;
}

/** Where the repository is, and the directory whose files it keeps. */
export interface SnapshotPlaces {
  readonly root: string;
  readonly directory: string;
}

/** A repository of snapshots; nobody else writes into it. */
export class SnapshotRepository {
  /** The directory whose files are kept. */
  readonly root: string;
  /** An empty directory: a work tree in which there are no ignore files. */
  readonly nowhere: string;
  readonly #directory: string;
  #indexes = 0;

  private constructor({ root, directory }: SnapshotPlaces) {
    this.root = root;
    this.nowhere = join(directory, "nowhere");
    this.#directory = directory;
  }

  /** Makes an empty repository with these ignore rules. */
  static async make(places: SnapshotPlaces, ignoreRules: string): Promise<SnapshotRepository> {
    const repository = new SnapshotRepository(places);
    await repository.git(["init", "--quiet", "--template="]);
    // git leaves names such as `git~1` out and goes on: work would be lost without a word. Whether one may be delivered is asked later.
    await appendFile(join(places.directory, "config"), "[core]\n\tprotectNTFS = false\n");
    await mkdir(join(places.directory, "info"), { recursive: true });
    await mkdir(repository.nowhere);
    await writeFile(repository.#rules, ignoreRules);
    await writeFile(repository.#attributes, attributes);
    return repository;
  }

  /** That of a process which has ended: its indexes and locks are nobody's. */
  static async reopen(places: SnapshotPlaces): Promise<SnapshotRepository> {
    const repository = new SnapshotRepository(places);
    for (const name of await readdir(places.directory))
      if (/^index-|\.lock$/.test(name)) await rm(join(places.directory, name), { force: true });
    await writeFile(repository.#attributes, attributes);
    return repository;
  }

  /** For `ls-files`: these ignore rules and no others. */
  get frozenRules(): string {
    return `--exclude-from=${this.#rules}`;
  }

  git(args: readonly [string, ...string[]], facts: GitFacts = {}): Promise<Buffer> {
    return git(args, this.options(facts));
  }

  options({ index, input, signal, workTree = this.root }: GitFacts): GitOptions {
    const env = { GIT_DIR: this.#directory, GIT_WORK_TREE: workTree, ...(index === undefined ? {} : { GIT_INDEX_FILE: index }) };
    return { cwd: workTree, env, input, signal };
  }

  /** The id of the tree in an index; by default of the first snapshot's. */
  async writeTree(index = this.firstIndex): Promise<string> {
    return (await this.git(["write-tree"], { index })).toString().trim();
  }

  /** The index of the first snapshot. */
  get firstIndex(): string {
    return join(this.#directory, "index");
  }

  /** Makes an index with the files of another, which is there when this is called. Whoever makes one removes it. */
  makeIndex(from: string): string {
    const index = this.#newIndex();
    // A link and not a copy: git tells by the index's own time which files may have changed unseen since. git replaces an
    // index and never writes into it, so the other one stays as it is.
    linkSync(from, index);
    return index;
  }

  /** Hands on an index of its own, with the files of another; by default of the first snapshot. */
  async withIndex<T>(use: (index: string) => Promise<T>, from = this.firstIndex): Promise<T> {
    const index = this.makeIndex(from);
    try {
      return await use(index);
    } finally {
      await rm(index, { force: true });
    }
  }

  /** Whether git, as it is by itself, keeps a file at this path. */
  async accepts(path: string): Promise<boolean> {
    if (plainPath.test(path)) return true;
    const index = this.#newIndex();
    const form = ["-c", "core.protectNTFS=true", "update-index", "--add", "--cacheinfo"] as const;
    try {
      return (await tryGit([...form, `100644,${anyId},${path}`], this.options({ index, workTree: this.nowhere }))).exitCode === 0;
    } finally {
      await rm(index, { force: true });
    }
  }

  /** Takes every file for a binary one meanwhile. */
  async asBinary<T>(use: () => Promise<T>): Promise<T> {
    await writeFile(this.#attributes, `${attributes}* -diff\n`);
    try {
      return await use();
    } finally {
      await writeFile(this.#attributes, attributes);
    }
  }

  #newIndex(): string {
    this.#indexes += 1;
    return join(this.#directory, `index-${this.#indexes}`);
  }

  /** In the place where git looks for a repository's private rules. */
  get #rules(): string {
    return join(this.#directory, "info", "exclude");
  }

  get #attributes(): string {
    return join(this.#directory, "info", "attributes");
  }
}
