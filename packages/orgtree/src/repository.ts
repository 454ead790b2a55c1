import type { CheckOutcome } from "@orgtree/core";
import type { ArtefactContext, Check, Criterion } from "@orgtree/org";
import { OutsideLinkError, runCommand, UndeliverableError, type CommandResult, type Workspace } from "@orgtree/tools";

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

/** Of the functions that `checkPasses` made: for what. The functions and not the objects around them, which can be changed. */
const checkedBy = new WeakMap<Check["run"], Repository>();

/**
 * The criterion that the check command passes. It is run in a fresh copy of the original with exactly the patch that is checked: not in
 * the workspace, where work may change meanwhile and ignored files may lie about that no patch has.
 */
export function checkPasses(repository: Repository): Criterion {
  const { workspace, check } = repository;
  // Of its own: whoever holds `repository` may not change it later.
  const own = Object.freeze({ workspace, check });
  const run: Check["run"] = async ({ artefact, signal }) => (await checkTree(own, artefact, signal)).outcome;
  checkedBy.set(run, own);
  return { id: "check", statement: `\`${check}\` exits with 0`, check: { run } };
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

/** Whether a criterion is that of `checkPasses` for this copy and this command, and not for others. */
export function isCheckOf({ workspace, check }: Repository, criterion: Criterion): boolean {
  const checked = checkedBy.get(criterion.check.run);
  return checked !== undefined && checked.workspace === workspace && checked.check === check;
}

/** What came of the check of a tree; the exit code is null where it was not even begun, or a signal ended it. */
export interface CheckedTree {
  readonly outcome: CheckOutcome;
  readonly exitCode: number | null;
}

/** Runs the check in a fresh copy of the original with the patch of a tree. */
export async function checkTree({ workspace, check }: Repository, tree: string, signal: AbortSignal | undefined): Promise<CheckedTree> {
  try {
    await using checkout = await workspace.checkout({ tree }, signal);
    const result = await runCommand({ command: check, cwd: checkout.root, timeoutMs: checkMs, signal });
    return { outcome: outcomeOf(result), exitCode: result.exitCode };
  } catch (error) {
    // An agent made it so, and can mend it.
    if (error instanceof OutsideLinkError || error instanceof UndeliverableError)
      return { outcome: { passed: false, observed: error.message }, exitCode: null };
    throw error;
  }
}

/** A check that was cut off has not passed, whatever it says with its last breath. */
export function outcomeOf(result: CommandResult): CheckOutcome {
  const output = `${result.stdout}${result.stderr}`.trim();
  const cut = cutOff(result);
  const how = cut ?? `exit code ${result.exitCode ?? String(result.signal)}`;
  return { passed: cut === undefined && result.exitCode === 0, observed: `${how}\n${output.slice(-shownLength)}` };
}

function cutOff({ timedOut, overflowed }: CommandResult): string | undefined {
  if (timedOut) return `stopped after ${checkMs} ms`;
  return overflowed ? "stopped because it wrote without end; make the check quieter" : undefined;
}
