import type { CheckOutcome } from "@orgtree/core";
import type { ArtefactContext, Check, Criterion } from "@orgtree/org";
import { CommandNotFoundError, OutsideLinkError, runCommand, type CommandResult, type Workspace } from "@orgtree/tools";

/** What an organization that works on a repository is given: a private copy, and the command that tells whether it is right. */
export interface Repository {
  readonly workspace: Workspace;
  /** Run by `/bin/sh -c` in a fresh copy of what is checked; 0 means right. */
  readonly check: string;
}

/** Longest check in milliseconds. */
const checkMs = 10 * 60_000;
/** Characters of a check's output that are shown; failures usually say why at the end. */
const shownLength = 4_000;

/** What `checkPasses` made. */
const checksOfRepositories = new WeakSet<Check>();

/**
 * The criterion that the check command passes. It is run in a fresh copy of the original with exactly the patch that is checked: not in
 * the workspace, where work may change meanwhile and ignored files may lie about that no patch has.
 */
export function checkPasses(repository: Repository): Criterion {
  const check: Check = { run: ({ artefact, signal }) => checkTree(repository, artefact, signal) };
  checksOfRepositories.add(check);
  return { id: "check", statement: `\`${repository.check}\` exits with 0`, check };
}

/**
 * The criterion that files which were there at the start and match are as they were: a patch that changes its own examiner
 * proves nothing. `match` is asked with each path from the top of the repository. New files are welcome.
 */
export function leavesAlone(repository: Repository, match: (path: string) => boolean, what: string): Criterion {
  const run = async ({ artefact }: ArtefactContext): Promise<CheckOutcome> => {
    const changed = await repository.workspace.changedFiles({ tree: artefact });
    const touched = changed.filter(({ path, change }) => change !== "added" && match(path));
    if (touched.length === 0) return { passed: true, observed: "none was changed" };
    return { passed: false, observed: touched.map(({ path, change }) => `${path} was ${change}`).join("\n") };
  };
  return { id: "untouched", statement: `${what} that were there before are unchanged`, check: { run } };
}

/** The fingerprint of the copy as it stands: the id of its tree, whose patch is delivered if the hold point opens for it. */
export async function fingerprintOf(repository: Repository): Promise<string> {
  return (await repository.workspace.checkpoint()).tree;
}

/** Whether a criterion is one of `checkPasses`. */
export function isCheckOfRepository({ check }: Criterion): boolean {
  return checksOfRepositories.has(check);
}

/** Runs the check in a fresh copy of the original with the patch of a tree. */
export async function checkTree({ workspace, check }: Repository, tree: string, signal: AbortSignal | undefined): Promise<CheckOutcome> {
  try {
    await using checkout = await workspace.checkout({ tree }, signal);
    const result = await runCheck(check, checkout.root, signal);
    const output = `${result.stdout}${result.stderr}`.trim();
    const how = result.timedOut ? `stopped after ${checkMs} ms` : `exit code ${result.exitCode ?? String(result.signal)}`;
    return { passed: result.exitCode === 0, observed: `${how}\n${output.slice(-shownLength)}` };
  } catch (error) {
    // An agent made the link, and can mend it.
    if (error instanceof OutsideLinkError) return { passed: false, observed: error.message };
    throw error;
  }
}

/** A check whose command is missing has failed like any other: an agent may have removed it. */
async function runCheck(command: string, cwd: string, signal: AbortSignal | undefined): Promise<CommandResult> {
  try {
    return await runCommand({ command, cwd, timeoutMs: checkMs, signal });
  } catch (error) {
    if (error instanceof CommandNotFoundError && error.result !== undefined) return error.result;
    throw error;
  }
}
