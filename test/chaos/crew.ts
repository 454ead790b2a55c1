import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { checkTideTable, type Desk } from "../cli/orgtree-process.ts";
import type { KnownJob, Series } from "./jobs.ts";

const execute = promisify(execFile);
const bugfix = "bugfix";

/** The crew of the bug-fix example on a repository, again and again: its checks are processes, and its copies files that all nodes see. */
export async function crewSeries(desk: Desk): Promise<Series> {
  const repository = { repo: await desk.tideTable("broken"), check: "node --test" };
  return { what: bugfix, input: { task: "The tests of tide-table fail. Mend the library.", repository }, most: 1, pauseMs: 1_000 };
}

/** What is wrong with the patches that were made: each has to mend the repository. */
export async function checkPatches(jobs: Iterable<KnownJob>, desk: Desk): Promise<readonly string[]> {
  const verdicts = new Map<string, Promise<boolean>>();
  const problems: string[] = [];
  for (const { id, what, job } of jobs) {
    if (what !== bugfix || job?.status !== "done") continue;
    const { patch = "" } = job.output as { readonly patch?: string };
    if (!verdicts.has(patch)) verdicts.set(patch, mends(patch, { desk, name: `mended-${id}` }));
    if (!(await verdicts.get(patch)!)) problems.push(`${id} is done, and its patch does not mend the repository`);
  }
  return problems;
}

async function mends(patch: string, { desk, name }: { readonly desk: Desk; readonly name: string }): Promise<boolean> {
  const repo = await desk.tideTable(name);
  const file = join(desk.cwd, `${name}.patch`);
  await writeFile(file, patch);
  try {
    await execute("git", ["-C", repo, "apply", file]);
  } catch {
    return false;
  }
  return (await checkTideTable(repo)) === 0;
}
