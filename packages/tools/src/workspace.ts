import { mkdir, mkdtemp, readdir, realpath } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { removeAbandonedDirectories } from "./abandoned.ts";
import { type Checkout, checkoutPrefix, makeCheckout } from "./checkout.ts";
import { checkIgnoredPaths, copyIgnored } from "./copy-ignored.ts";
import { copyHistory, copyRepository } from "./copy-repository.ts";
import { claimDirectory } from "./directory-owner.ts";
import { checkDirectory, removeDirectory } from "./directory.ts";
import { ruleFor } from "./ignore-rules.ts";
import { checkLinksStayInside } from "./link-target.ts";
import { WorkspaceGoneError } from "./errors.ts";
import { oneAtATime } from "./one-at-a-time.ts";
import { type OriginalRepository, readOriginal } from "./original-repository.ts";
import { Snapshots } from "./snapshots.ts";
import { readWorkspaceRecord, writeWorkspaceRecord } from "./workspace-record.ts";
import { searchFiles, type TextMatches, type TextQuery } from "./text-search.ts";
import type { ChangedFile } from "./tree-diff.ts";

/** What to copy, and where to. */
export interface WorkspaceOptions {
  /** The top of a git repository with a work tree. It is only read. */
  readonly repo: string;
  /** An existing directory in which the workspace's own is made. Default: the system's temporary directory. */
  readonly parentDir?: string | undefined;
  /**
   * Ignored files and directories to copy as well, relative to the repository: `node_modules` or `.venv`, for example, without which a
   * check may not run. Default none.
   */
  readonly ignoredPaths?: readonly string[] | undefined;
  /** The file of the journal by which another process will find this workspace again: as long as it is there, the workspace is kept. */
  readonly journal?: string | undefined;
  /** Gives up; nothing is left behind, and the rejection is the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** A state of a workspace's files, as plain data; of use to the workspace that made it only. */
export interface Checkpoint {
  readonly tree: string;
}

/**
 * A private copy of a repository for agents to work in.
 *
 * Ignored files, nested repositories and the copy's own `.git` are no part of patches and checkpoints. What is ignored was decided when
 * the copy was made: rules that are written later hide nothing. After `remove` everything rejects with `DirectoryNotFoundError`.
 */
export interface Workspace extends AsyncDisposable {
  /** The directory in which the copy and what belongs to it are: by it another process finds the workspace again. */
  readonly home: string;
  /** The top of the copy, with all links resolved. */
  readonly root: string;
  /** The top of the original. */
  readonly repo: string;
  /**
   * A patch from the start to a checkpoint, by default to now, for `git apply` in the original; empty when nothing changed. git accepts
   * it unless it converts the changed files there, by attributes such as `ident`: `checkout` tries that.
   */
  diff(checkpoint?: Checkpoint): Promise<string>;
  /** The files that differ from the start, by path, in a checkpoint or now. */
  changedFiles(checkpoint?: Checkpoint): Promise<readonly ChangedFile[]>;
  checkpoint(): Promise<Checkpoint>;
  /** Brings the files back, new ones removed. Rejects with `UnknownCheckpointError`, or `WorkspaceBusyError` when they keep changing. */
  restore(checkpoint: Checkpoint): Promise<void>;
  /**
   * A fresh copy of the original with the patch of a checkpoint, and nothing else of this workspace: what whoever applies the patch
   * will have, which is tried: where git would refuse the patch in the original, or convert its files to others, rejects with
   * `UndeliverableError`. Ignored paths come from the original. Rejects with `UnknownCheckpointError`, or `OutsideLinkError` when the
   * checkpoint has a link that leads out.
   */
  checkout(checkpoint: Checkpoint, signal?: AbortSignal): Promise<Checkout>;
  /** The rule by which a new file at this path, from the top, would be ignored, and so be in no patch; none where it would not be. */
  ignoreRule(path: string): Promise<string | undefined>;
  /** Whether git keeps a file at this path, from the top; of others, such as `git~1`, it says nothing and leaves them out. */
  acceptsPath(path: string): Promise<boolean>;
  /** Paths of all files but ignored ones; see `TextQuery.glob`. */
  files(glob?: string, signal?: AbortSignal): Promise<readonly string[]>;
  /** Lines that match. Rejects with `GitError` for a malformed expression. */
  search(query: TextQuery): Promise<TextMatches>;
  /** Removes the copy, and checkouts that somebody left. Once is enough, twice does no harm. */
  remove(): Promise<void>;
}

const prefix = "orgtree-workspace-";

/**
 * Copies a repository with its uncommitted and its new files, so that an agent sees what the person sees.
 *
 * The original is never written to, not even a lock. Links into the original lead into the copy. Submodules are left out. Rejects with
 * `NotARepositoryError`, `FileNameError` for a file whose name is not UTF-8, `OutsideLinkError` for a link that leads out of the
 * repository, `DirectoryNotFoundError` for `parentDir`, `SpecError` for `ignoredPaths`, or `GitError`; nothing is left behind then.
 *
 * @example
 * await using workspace = await createWorkspace({ repo: "." });
 * await runCommand({ command: "npm run fix", cwd: workspace.root });
 * console.log(await workspace.diff());
 */
export async function createWorkspace(options: WorkspaceOptions): Promise<Workspace> {
  const { parentDir = tmpdir(), ignoredPaths = [], signal } = options;
  const original = await readOriginal(options.repo, signal);
  await checkDirectory(parentDir);
  await checkIgnoredPaths(original, ignoredPaths);
  removeAbandonedDirectories(parentDir, prefix);
  const home = await realpath(await mkdtemp(join(parentDir, prefix)));
  try {
    claimDirectory(home, options.journal);
    const [root, history] = [join(home, "files"), join(home, "history")];
    await copyHistory(original, history, signal);
    const copied = await copyRepository(original, { history, to: root, signal });
    await copyIgnored(original, root, ignoredPaths);
    const directory = join(home, "snapshots");
    await mkdir(directory);
    const ignoreRules = [original.ignoreRules, ...ignoredPaths.map(ruleFor)].join("\n");
    const snapshots = await Snapshots.start({ root, directory, ...copied, ignoreRules, signal });
    await checkLinksStayInside(root, copied.links);
    await writeWorkspaceRecord(home, { version: 1, original, ignoredPaths, base: snapshots.base });
    return openWorkspace({ home, root, history, original, ignoredPaths }, snapshots);
  } catch (error) {
    await removeDirectory(home);
    throw error;
  }
}

/**
 * Finds a workspace again that an earlier process has made, with its `home`. What that process left half done is mended: its indexes and
 * locks are gone, and so are its checkouts.
 *
 * Rejects with `WorkspaceGoneError`.
 */
export async function reopenWorkspace(home: string, journal?: string): Promise<Workspace> {
  const { original, ignoredPaths, base } = await readWorkspaceRecord(home);
  claimDirectory(home, journal);
  const [root, history, directory] = [join(home, "files"), join(home, "history"), join(home, "snapshots")];
  for (const place of [root, history, directory])
    await checkDirectory(place).catch(() => Promise.reject(new WorkspaceGoneError(home, `${place} is not there`)));
  for (const name of await readdir(home)) if (name.startsWith(checkoutPrefix)) await removeDirectory(join(home, name));
  const snapshots = await Snapshots.reopen({ root, directory }, base);
  return openWorkspace({ home, root, history, original, ignoredPaths }, snapshots);
}

interface Places {
  readonly home: string;
  readonly root: string;
  readonly history: string;
  readonly original: OriginalRepository;
  readonly ignoredPaths: readonly string[];
}

function openWorkspace(places: Places, snapshots: Snapshots): Workspace {
  const { home, root, original } = places;
  const inTurn = oneAtATime();
  const treeOf = async (checkpoint: Checkpoint | undefined): Promise<string> => checkpoint?.tree ?? (await snapshots.take());
  const checkouts = new Set<Promise<Checkout>>();
  const remove = (): Promise<void> =>
    inTurn(async () => {
      for (const made of await Promise.allSettled(checkouts)) if (made.status === "fulfilled") await made.value[Symbol.asyncDispose]();
      await removeDirectory(home);
    });
  const checkout: Workspace["checkout"] = async ({ tree }, signal) => {
    const patch = await inTurn(() => snapshots.patch(tree));
    const making = makeCheckout({ ...places, parentDir: home, snapshots, tree, patch, signal });
    checkouts.add(making);
    try {
      const made = await making;
      return {
        root: made.root,
        async [Symbol.asyncDispose]() {
          await made[Symbol.asyncDispose]();
          checkouts.delete(making);
        },
      };
    } catch (error) {
      checkouts.delete(making);
      throw error;
    }
  };
  return {
    home,
    root,
    repo: original.root,
    diff: (checkpoint) => inTurn(async () => snapshots.patch(await treeOf(checkpoint))),
    changedFiles: (checkpoint) => inTurn(async () => snapshots.changes(await treeOf(checkpoint))),
    checkpoint: () => inTurn(async () => ({ tree: await snapshots.take() })),
    restore: (checkpoint) => inTurn(() => snapshots.restore(checkpoint.tree)),
    checkout,
    ignoreRule: (path) => snapshots.ignoreRule(path),
    acceptsPath: (path) => snapshots.accepts(path),
    files: (glob, signal) => inTurn(() => snapshots.files(glob, signal)),
    search: (query) => inTurn(() => searchFiles(snapshots, query)),
    remove,
    [Symbol.asyncDispose]: remove,
  };
}
