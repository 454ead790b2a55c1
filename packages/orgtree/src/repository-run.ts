import { checkFields, FailureError, SpecError, toFailure, type CheckOutcome, type Clock, type Journal } from "@orgtree/core";
import type { Organization } from "@orgtree/org";
import { systemClock } from "@orgtree/runtime";
import { createWorkspace, foreignChanges, reopenWorkspace, WorkspaceChangedError, type Workspace } from "@orgtree/tools";
import { checkEditsAreKnown, ForkedRunError, knownEditors, redoEdits } from "./forked-copy.ts";
import { checkTree, isCheckOf, type CheckedTree, type Repository } from "./repository.ts";
import { writeRunLog, type RunPlace } from "./run-log.ts";
import { findRun, finishRun, isFinal } from "./durable-run.ts";
import { cancelledBeforeStart, checkRun, runToEnd, type RunOptions, type RunResult } from "./run.ts";

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

/** How a repository is opened. */
export interface OpenRepositoryOptions {
  readonly signal?: AbortSignal | undefined;
  /**
   * The run that it is opened for, where that has a journal: its copy is then found again by another process, and stays until the run has
   * ended.
   */
  readonly durable?: { readonly journal: Journal; readonly organization: string; readonly clock?: Clock | undefined } | undefined;
}

/**
 * Copies a repository and executes the check, so that one can look before anything is paid for. The original is never written to. Of a
 * durable run that has a copy already, it is that one; of a fork of such a run it is a new one, in which the same was done.
 *
 * Rejects with `ForkedRunError` where that cannot be made, with `WorkspaceGoneError` and `WorkspaceChangedError` where the copy of a durable
 * run is not what it was; `NotARepositoryError`, `FileNameError`, `OutsideLinkError`, or `SpecError`, also for a check command that is not
 * there; with the signal's reason when it aborts.
 */
export async function openRepository(task: RepositoryTask, options: OpenRepositoryOptions = {}): Promise<OpenRepository> {
  checkFields(task, { field: "", name: "task", known: taskFields });
  const { durable } = options;
  const log = durable === undefined ? undefined : await findRun(durable.journal, durable.organization);
  const { repository, before, claim } = await open(task, log?.place, options);
  const { workspace } = repository;
  let isOver = durable === undefined || claim !== undefined;
  return {
    root: workspace.root,
    before,
    async run(organization, given) {
      if (claim !== undefined) {
        await claim(organization);
        isOver = false;
      }
      const all = durable === undefined ? given : { ...given, journal: durable.journal };
      const result = await runTask({ organization, repository, brief: briefOf(task, before), isBegun: log?.task !== undefined }, all);
      await finishRun(organization.name, result, all);
      isOver ||= isFinal(result);
      return result;
    },
    async [Symbol.asyncDispose]() {
      if (isOver) await workspace.remove();
    },
  };
}

interface Opened {
  readonly repository: Repository;
  readonly before: CheckOutcome;
  /** Of a copy that was made for a fork: it is that of its journal from now on. */
  readonly claim?: (organization: Organization<Repository>) => Promise<void>;
}

async function open(task: RepositoryTask, place: RunPlace | undefined, options: OpenRepositoryOptions): Promise<Opened> {
  const { durable } = options;
  if (place === undefined || durable === undefined) return copyAndCheck(task, options);
  const { journal } = durable;
  if (place.run !== journal.run) return copyOfFork(task, place, { ...options, durable });
  return { repository: { workspace: await reopenWorkspace(place.home, fileOf(journal)), check: task.check }, before: place.before };
}

async function copyAndCheck(task: RepositoryTask, { signal, durable }: OpenRepositoryOptions): Promise<Opened> {
  const { repo, ignoredPaths } = task;
  const workspace = await createWorkspace({ repo, ignoredPaths, signal, journal: fileOf(durable?.journal) });
  const repository = { workspace, check: task.check };
  try {
    const { tree } = await workspace.checkpoint();
    const checked = await checkTree(repository, tree, signal);
    checkThatItWasFound(task.check, checked);
    const before = checked.outcome;
    if (durable !== undefined) {
      const { journal, organization, clock = systemClock } = durable;
      const place: RunPlace = { home: workspace.home, run: journal.run, start: tree, check: task.check, before };
      await writeRunLog({ journal, clock, organization }, { type: "place", place });
    }
    return { repository, before };
  } catch (error) {
    await workspace.remove();
    throw error;
  }
}

/** A new copy, with what was done in that of the original. */
async function copyOfFork(
  { repo, check, ignoredPaths }: RepositoryTask,
  place: RunPlace,
  { signal, durable }: OpenRepositoryOptions & { readonly durable: NonNullable<OpenRepositoryOptions["durable"]> },
): Promise<Opened> {
  const { journal, organization, clock = systemClock } = durable;
  const workspace = await createWorkspace({ repo, ignoredPaths, signal, journal: fileOf(journal) });
  try {
    if ((await workspace.checkpoint()).tree !== place.start)
      throw new ForkedRunError(`${repo} is not what it was when the run began`, "put it back as it was, or begin a run anew");
    await redoEdits(workspace, journal);
  } catch (error) {
    await workspace.remove();
    throw error;
  }
  const own: RunPlace = { ...place, home: workspace.home, run: journal.run };
  const claim = async (given: Organization<Repository>): Promise<void> => {
    checkEditsAreKnown(given);
    await writeRunLog({ journal, clock, organization }, { type: "place", place: own });
  };
  return { repository: { workspace, check }, before: place.before, claim };
}

/** Of a journal in a file, as opposed to one in memory. */
function fileOf(journal: Journal | undefined): string | undefined {
  const path: unknown = journal !== undefined && "path" in journal ? journal.path : undefined;
  return typeof path === "string" ? path : undefined;
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
  const { journal, signal, clock } = options;
  const durable = journal === undefined ? undefined : { journal, organization: organization.name, clock };
  const log = journal === undefined ? undefined : await findRun(journal, organization.name);
  if (log?.result !== undefined) return { patch: "", ...log.result };
  const opened = await openUnlessCancelled(task, { signal, durable });
  if (opened === undefined) return { ...cancelledBeforeStart(organization), patch: "" };
  await using repository = opened;
  return await repository.run(organization, options);
}

/** Nothing when the signal ended it: a run that was cancelled is a result, however early. */
async function openUnlessCancelled(task: RepositoryTask, options: OpenRepositoryOptions): Promise<OpenRepository | undefined> {
  try {
    return await openRepository(task, options);
  } catch (error) {
    if (options.signal?.aborted === true) return undefined;
    throw error;
  }
}

interface TaskRun {
  readonly organization: Organization<Repository>;
  readonly repository: Repository;
  readonly brief: string;
  /** An earlier process has worked in the copy. */
  readonly isBegun: boolean;
}

async function runTask({ organization, repository, brief, isBegun }: TaskRun, options: RepositoryRunOptions): Promise<RepositoryResult> {
  const held = heldToTheCheck(organization, repository);
  const all = { ...options, environment: repository };
  checkRun(held, brief, all);
  if (isBegun) await checkUntouched(held, repository);
  const result = await runToEnd(held, brief, all);
  return await withPatch(result, repository.workspace);
}

/**
 * Nobody else was at the copy between two processes: what the agents know of it would be wrong. It can be told where nothing but the
 * workspace's own tools changes files; of a command nobody knows what it has written.
 */
async function checkUntouched({ tools, agents }: Organization<Repository>, repository: Repository): Promise<void> {
  const hasOthers = (tools?.(repository) ?? []).some(({ kind, name }) => kind !== "pure" && !knownEditors.has(name));
  if (hasOthers || Object.values(agents).some(({ kind }) => kind === "custom")) return;
  const foreign = await foreignChanges(repository.workspace);
  if (foreign.length > 0) throw new WorkspaceChangedError(foreign);
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
