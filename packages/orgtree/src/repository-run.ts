import { checkFields, FailureError, SpecError, toFailure, type CheckOutcome } from "@orgtree/core";
import type { Organization } from "@orgtree/org";
import { createWorkspace, type Workspace } from "@orgtree/tools";
import { checkTree, isCheckOf, type CheckedTree, type Repository } from "./repository.ts";
import { cancelledBeforeStart, checkRun, run, type RunOptions, type RunResult } from "./run.ts";

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
   * of any other it is how far the work got, and nothing where the copy is gone.
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
 * Rejects with `NotARepositoryError`, `FileNameError`, `OutsideLinkError`, or `SpecError`, also for a check command that is not there; with
 * the signal's reason when it aborts.
 */
export async function openRepository(task: RepositoryTask, signal?: AbortSignal): Promise<OpenRepository> {
  checkFields(task, { field: "", name: "task", known: taskFields });
  const workspace = await createWorkspace({ repo: task.repo, ignoredPaths: task.ignoredPaths, signal });
  const repository = { workspace, check: task.check };
  try {
    const checked = await checkTree(repository, (await workspace.checkpoint()).tree, signal);
    checkThatItWasFound(task.check, checked);
    const before = checked.outcome;
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
 * Rejects before anything runs, as `openRepository` and its `run` do; with a signal that has aborted it ends as `cancelled`.
 */
export async function runOnRepository(
  organization: Organization<Repository>,
  task: RepositoryTask,
  options: RepositoryRunOptions,
): Promise<RepositoryResult> {
  checkFields(task, { field: "", name: "task", known: taskFields });
  checkRun(organization, task.task, options);
  const opened = await openUnlessCancelled(task, options.signal);
  if (opened === undefined) return { ...cancelledBeforeStart(organization), patch: "" };
  await using repository = opened;
  return await repository.run(organization, options);
}

/** Nothing when the signal ended it: a run that was cancelled is a result, however early. */
async function openUnlessCancelled(task: RepositoryTask, signal: AbortSignal | undefined): Promise<OpenRepository | undefined> {
  try {
    return await openRepository(task, signal);
  } catch (error) {
    if (signal?.aborted === true) return undefined;
    throw error;
  }
}

interface TaskRun {
  readonly organization: Organization<Repository>;
  readonly repository: Repository;
  readonly brief: string;
}

async function runTask({ organization, repository, brief }: TaskRun, options: RepositoryRunOptions): Promise<RepositoryResult> {
  const held = heldToTheCheck(organization, repository);
  const result = await run(held, brief, { ...options, environment: repository });
  return await withPatch(result, repository.workspace);
}

/** Of a run that is done: the patch not of what is there now, but of what was approved. */
async function withPatch(result: RunResult, workspace: Workspace): Promise<RepositoryResult> {
  const approved = result.status === "done" && result.artefact !== undefined ? { tree: result.artefact } : undefined;
  try {
    return { ...result, patch: await workspace.diff(approved) };
  } catch (error) {
    // The copy is gone or broken: whoever had commands in it can do that. Without its patch nothing is done.
    if (result.status !== "done") return { ...result, patch: "" };
    const message = "the patch of the work cannot be made";
    const { failure } = new FailureError({ class: "unverified", message, cause: toFailure(error) });
    return { status: "failed", failure, output: result.output, report: result.report, patch: "" };
  }
}

/**
 * The organization, with the criteria that were looked at and no others: whoever is given the patch of a run that is done relies on that
 * it has passed the check.
 */
function heldToTheCheck(organization: Organization<Repository>, repository: Repository): Organization<Repository> {
  const { name, worksOn, contract } = organization;
  if (worksOn !== "repository") throw new SpecError("worksOn", `${name} works on a ${worksOn}; say worksOn: "repository"`);
  const criteria = contract?.criteria(repository) ?? [];
  if (contract === undefined || !criteria.some((criterion) => isCheckOf(repository, criterion))) {
    const remedy = "add checkPasses(repository) to the criteria, with the repository as it is given";
    throw new SpecError("contract", `${name} does not hold its work to the check \`${repository.check}\`; ${remedy}`);
  }
  return { ...organization, contract: { ...contract, criteria: () => criteria } };
}

function briefOf({ task, check }: RepositoryTask, before: CheckOutcome): string {
  const state = before.passed ? "Before any work the check passes already." : `Before any work the check fails:\n${before.observed}`;
  return `${task}\n\nThe check is \`${check}\`. ${state}`;
}

/** Before any work a check that is not there is a mistake of whoever named it; later it has failed: an agent may have removed it. */
function checkThatItWasFound(check: string, { exitCode, outcome }: CheckedTree): void {
  // What a shell says when it does not find a command: POSIX, 2.8.2.
  if (exitCode !== 127) return;
  const said = outcome.observed.split("\n").at(-1) ?? "";
  const remedy = "ignored files such as node_modules are not in the copy, unless ignoredPaths names them";
  throw new SpecError("check", `\`${check}\`, or what it calls, was not found in the copy of the repository (${said}); ${remedy}`);
}
