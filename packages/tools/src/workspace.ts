import { mkdir, mkdtemp, realpath } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { copyRepository } from "./copy-repository.ts";
import { checkDirectory, removeDirectory } from "./directory.ts";
import { oneAtATime } from "./one-at-a-time.ts";
import { readOriginal } from "./original-repository.ts";
import { type ChangedFile, Snapshots } from "./snapshots.ts";
import { searchFiles, type TextMatches, type TextQuery } from "./text-search.ts";

/** What to copy, and where to. */
export interface WorkspaceOptions {
  /** The top of a git repository with a work tree. It is only read. */
  readonly repo: string;
  /** An existing directory in which the workspace's own is made. Default: the system's temporary directory. */
  readonly parentDir?: string | undefined;
  /**
   * Ignored files and directories to copy as well, relative to the repository: `node_modules`, for example, without which a check may
   * not run. Default none.
   */
  readonly ignoredPaths?: readonly string[] | undefined;
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
 * Ignored files, nested repositories and the copy's own `.git` are no part of patches and checkpoints. After `remove` everything
 * rejects with `DirectoryNotFoundError`.
 */
export interface Workspace extends AsyncDisposable {
  /** The top of the copy, with all links resolved. */
  readonly root: string;
  /** The top of the original. */
  readonly repo: string;
  /** A patch from the start to now that `git apply` accepts in the original; empty when nothing changed. */
  diff(): Promise<string>;
  /** The files that differ from the start, by path. */
  changedFiles(): Promise<readonly ChangedFile[]>;
  checkpoint(): Promise<Checkpoint>;
  /** Brings the files back, new ones removed. Rejects with `UnknownCheckpointError`, or `WorkspaceBusyError` when they keep changing. */
  restore(checkpoint: Checkpoint): Promise<void>;
  /** Paths of all files but ignored ones; see `TextQuery.glob`. */
  files(glob?: string, signal?: AbortSignal): Promise<readonly string[]>;
  /** Lines that match. Rejects with `GitError` for a malformed expression. */
  search(query: TextQuery): Promise<TextMatches>;
  /** Removes the copy. Once is enough, twice does no harm. */
  remove(): Promise<void>;
}

/**
 * Copies a repository with its uncommitted and its new files, so that an agent sees what the person sees.
 *
 * The original is never written to, not even a lock. Submodules are left out. Rejects with `NotARepositoryError`,
 * `DirectoryNotFoundError` for `parentDir`, `SpecError` for `ignoredPaths`, or `GitError`; nothing is left behind then.
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
  const home = await realpath(await mkdtemp(join(parentDir, "orgtree-workspace-")));
  try {
    const root = join(home, "files");
    const files = await copyRepository(original, { to: root, ignoredPaths, signal });
    const directory = join(home, "snapshots");
    await mkdir(directory);
    const snapshots = await Snapshots.start({ root, directory, files, ignoreRules: original.ignoreRules, signal });
    return openWorkspace({ home, root, repo: original.root }, snapshots);
  } catch (error) {
    await removeDirectory(home);
    throw error;
  }
}

interface Places {
  readonly home: string;
  readonly root: string;
  readonly repo: string;
}

function openWorkspace({ home, root, repo }: Places, snapshots: Snapshots): Workspace {
  const inTurn = oneAtATime();
  const remove = (): Promise<void> => inTurn(() => removeDirectory(home));
  return {
    root,
    repo,
    diff: () => inTurn(async () => snapshots.patch(await snapshots.take())),
    changedFiles: () => inTurn(async () => snapshots.changes(await snapshots.take())),
    checkpoint: () => inTurn(async () => ({ tree: await snapshots.take() })),
    restore: (checkpoint) => inTurn(() => snapshots.restore(checkpoint.tree)),
    files: (glob, signal) => inTurn(() => snapshots.files(glob, signal)),
    search: (query) => inTurn(() => searchFiles(snapshots, query)),
    remove,
    [Symbol.asyncDispose]: remove,
  };
}
