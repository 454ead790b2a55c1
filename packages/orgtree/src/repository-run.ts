import { SpecError, type CheckOutcome } from "@orgtree/core";
import { checkArgument, type Organization } from "@orgtree/org";
import { createWorkspace, type Workspace } from "@orgtree/tools";
import { checkTree, isCheckOfRepository, type Repository } from "./repository.ts";
import { checkRun, run, type RunOptions, type RunResult } from "./run.ts";

/** Which repository, and how to tell that the work is done. */
export interface RepositoryTask {
  /** The top of a git repository. It is only read. */
  readonly repo: string;
  readonly check: string;
  readonly task: string;
  /** Ignored paths that the check needs in the copy, such as `node_modules` or `.venv`. Default none. */
  readonly ignoredPaths?: readonly string[] | undefined;
}

/** How a run on a repository ended: as any other, with the patch as far as it got. */
export type RepositoryResult = RunResult & {
  /**
   * For `git apply` in the original; empty when nothing was changed. Of a `done` run it is the patch of exactly what passed the check;
   * of any other it is how far the work got.
   */
  readonly patch: string;
};

/** What an organization is given beside the repository. */
export type RepositoryRunOptions = Omit<RunOptions<Repository>, "environment">;

/** A private copy of a repository, in which nothing has been done yet. Disposing of it removes the copy. */
export interface OpenRepository extends AsyncDisposable {
  /** The top of the copy. */
  readonly root: string;
  /** What the check said before any work. */
  readonly before: CheckOutcome;
  /**
   * Runs the task, once. Rejects with `SpecError` before anything runs when the organization does not work on a repository, or does
   * not hold its work to the check.
   */
  run(organization: Organization<Repository>, options: RepositoryRunOptions): Promise<RepositoryResult>;
}

const taskFields: readonly string[] = ["repo", "check", "task", "ignoredPaths"] satisfies (keyof RepositoryTask)[];

/**
 * Copies a repository and executes the check, so that one can look before anything is paid for. The original is never written to.
 *
 * Rejects with `NotARepositoryError`, `OutsideLinkError`, or `SpecError`, also for a check command that is not there.
 */
export async function openRepository(task: RepositoryTask, signal?: AbortSignal): Promise<OpenRepository> {
  checkArgument(task, { name: "task", known: taskFields });
  const workspace = await createWorkspace({ repo: task.repo, ignoredPaths: task.ignoredPaths, signal });
  const repository = { workspace, check: task.check };
  try {
    const before = await checkTree(repository, (await workspace.checkpoint()).tree, signal);
    checkThatItWasFound(task.check, before);
    return {
      root: workspace.root,
      before,
      run: (organization, options) => runTask({ organization, repository, brief: briefOf(task, before) }, options),
      [Symbol.asyncDispose]: () => workspace.remove(),
    };
  } catch (error) {
    await workspace.remove();
    throw error;
  }
}

/**
 * Runs a task on a private copy of a repository, and removes the copy at the end.
 *
 * Rejects before anything runs, as `openRepository` and its `run` do.
 */
export async function runOnRepository(
  organization: Organization<Repository>,
  task: RepositoryTask,
  options: RepositoryRunOptions,
): Promise<RepositoryResult> {
  checkArgument(task, { name: "task", known: taskFields });
  checkRun(organization, task.task, options);
  await using repository = await openRepository(task, options.signal);
  return await repository.run(organization, options);
}

interface TaskRun {
  readonly organization: Organization<Repository>;
  readonly repository: Repository;
  readonly brief: string;
}

async function runTask({ organization, repository, brief }: TaskRun, options: RepositoryRunOptions): Promise<RepositoryResult> {
  checkOrganization(organization, repository);
  const result = await run(organization, brief, { ...options, environment: repository });
  return { ...result, patch: await patchOf(result, repository.workspace) };
}

/** Of a run that is done: not what is there now, but what was approved. */
function patchOf(result: RunResult, workspace: Workspace): Promise<string> {
  return result.status === "done" && result.artefact !== undefined ? workspace.diff({ tree: result.artefact }) : workspace.diff();
}

/** Whoever is given the patch of a run that is done relies on that it has passed the check. */
function checkOrganization({ name, worksOn, contract }: Organization<Repository>, repository: Repository): void {
  if (worksOn !== "repository") throw new SpecError("worksOn", `${name} works on a ${worksOn}; say worksOn: "repository"`);
  if (contract?.criteria(repository).some(isCheckOfRepository) !== true)
    throw new SpecError("contract", `${name} does not hold its work to the check; add checkPasses(repository) to the criteria`);
}

function briefOf({ task, check }: RepositoryTask, before: CheckOutcome): string {
  const state = before.passed ? "Before any work the check passes already." : `Before any work the check fails:\n${before.observed}`;
  return `${task}\n\nThe check is \`${check}\`. ${state}`;
}

function checkThatItWasFound(check: string, { observed }: CheckOutcome): void {
  // What a shell says when it does not find a command: POSIX, 2.8.2.
  if (!observed.startsWith("exit code 127\n")) return;
  const said = observed.trim().split("\n").at(-1) ?? "";
  const remedy = "ignored files are not in the copy, unless they are named: ignoredPaths, or --ignored node_modules";
  throw new SpecError("check", `\`${check}\`, or what it calls, was not found in the copy of the repository (${said}); ${remedy}`);
}
