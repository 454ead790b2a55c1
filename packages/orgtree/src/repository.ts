import { SpecError, type CheckOutcome, type Criterion } from "@orgtree/core";
import type { Organization } from "@orgtree/org";
import { CommandNotFoundError, createWorkspace, runCommand, type CommandResult, type Workspace } from "@orgtree/tools";
import { run, type RunOptions, type RunResult } from "./run.ts";

/** What an organization that works on a repository is given: a private copy, and the command that tells whether it is right. */
export interface Repository {
  readonly workspace: Workspace;
  /** Run by `/bin/sh -c` in the copy; 0 means right. */
  readonly check: string;
}

/** Which repository, and how to tell that the work is done. */
export interface RepositoryTask {
  /** The top of a git repository. It is only read. */
  readonly repo: string;
  readonly check: string;
  readonly task: string;
  /** Ignored paths that the check needs in the copy, such as `node_modules`. Default none. */
  readonly ignoredPaths?: readonly string[] | undefined;
}

/** How a run on a repository ended: as any other, with the patch as far as it got. */
export type RepositoryResult = RunResult & {
  /** For `git apply` in the original; empty when nothing was changed. Only a `done` run's patch has passed the check. */
  readonly patch: string;
};

/** Longest check in milliseconds. */
const checkMs = 10 * 60_000;
/** Characters of a check's output that are shown; failures usually say why at the end. */
const shownLength = 4_000;

/**
 * Runs a task on a private copy of a repository. The original is never written to, the copy is removed at the end.
 *
 * Rejects before anything runs with `NotARepositoryError`, or `SpecError` for a check command that does not exist.
 */
export async function runOnRepository(
  organization: Organization<Repository>,
  task: RepositoryTask,
  options: RunOptions<Repository>,
): Promise<RepositoryResult> {
  await using workspace = await createWorkspace({ repo: task.repo, ignoredPaths: task.ignoredPaths, signal: options.signal });
  const repository = { workspace, check: task.check };
  const before = await checkNow(repository, options.signal);
  if (before.observed.startsWith("exit code 127\n")) {
    const said = before.observed.trim().split("\n").at(-1) ?? "";
    const remedy = "ignored files are not in the copy, unless they are named (ignoredPaths, --ignored node_modules)";
    throw new SpecError("check", `\`${task.check}\`, or what it calls, was not found in the copy of the repository (${said}); ${remedy}`);
  }
  const state = before.passed ? "Before any work the check passes already." : `Before any work the check fails:\n${before.observed}`;
  const result = await run(organization, `${task.task}\n\nThe check is \`${task.check}\`. ${state}`, {
    ...options,
    environment: repository,
  });
  return { ...result, patch: await workspace.diff() };
}

/** The criterion that the check command passes. */
export function checkPasses(repository: Repository): Criterion {
  return {
    id: "check",
    statement: `\`${repository.check}\` exits with 0`,
    check: { run: ({ signal }) => checkNow(repository, signal) },
  };
}

/**
 * The criterion that files which were there at the start and match are as they were: a patch that changes its own examiner
 * proves nothing. `match` is asked with each path from the top of the repository. New files are welcome.
 */
export function leavesAlone(repository: Repository, match: (path: string) => boolean, what: string): Criterion {
  return {
    id: "untouched",
    statement: `${what} that were there before are unchanged`,
    check: {
      run: async () => {
        const changed = await repository.workspace.changedFiles();
        const touched = changed.filter(({ path, change }) => change !== "added" && match(path));
        if (touched.length === 0) return { passed: true, observed: "none was changed" };
        return { passed: false, observed: touched.map(({ path, change }) => `${path} was ${change}`).join("\n") };
      },
    },
  };
}

/** The fingerprint of the copy as it stands. */
export async function fingerprintOf(repository: Repository): Promise<string> {
  return (await repository.workspace.checkpoint()).tree;
}

async function checkNow(repository: Repository, signal: AbortSignal | undefined): Promise<CheckOutcome> {
  const result = await runCheck(repository, signal);
  const output = `${result.stdout}${result.stderr}`.trim();
  const how = result.timedOut ? `stopped after ${checkMs} ms` : `exit code ${result.exitCode ?? String(result.signal)}`;
  return { passed: result.exitCode === 0, observed: `${how}\n${output.slice(-shownLength)}` };
}

/** A check whose command is missing has failed like any other: an agent may have removed it. */
async function runCheck({ check, workspace }: Repository, signal: AbortSignal | undefined): Promise<CommandResult> {
  try {
    return await runCommand({ command: check, cwd: workspace.root, timeoutMs: checkMs, signal });
  } catch (error) {
    if (error instanceof CommandNotFoundError && error.result !== undefined) return error.result;
    throw error;
  }
}
