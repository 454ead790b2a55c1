import { readdir, readFile } from "node:fs/promises";
import { killIfThere } from "./process-group.ts";

/** A straggler may start another while it is being looked for. */
const maxPasses = 5;

/**
 * Kills the processes that left their group (`setsid`, daemons) but carry this HOME or TMPDIR, which belongs to one command alone.
 *
 * A net below the process group, not a wall: who changes its environment slips through. Looks through `/proc`, so it finds
 * nothing on systems without one.
 */
export async function killStragglers(home: string): Promise<void> {
  for (let pass = 0; pass < maxPasses; pass += 1) {
    const found = await findStragglers(home);
    if (found.length === 0) return;
    for (const pid of found) killIfThere(pid, "SIGKILL");
  }
}

async function findStragglers(home: string): Promise<number[]> {
  const entries = await orNothing(readdir("/proc"));
  const pids = (entries ?? []).map(Number).filter((pid) => Number.isInteger(pid) && pid !== process.pid);
  const isOurs = await Promise.all(pids.map((pid) => carries(pid, home)));
  return pids.filter((_, index) => isOurs[index]);
}

async function carries(pid: number, home: string): Promise<boolean> {
  const variables = (await orNothing(readFile(`/proc/${pid}/environ`, "utf8")))?.split("\0");
  return variables !== undefined && (variables.includes(`HOME=${home}`) || variables.includes(`TMPDIR=${home}`));
}

/** Processes end while they are looked at (ENOENT, ESRCH), belong to others (EACCES, EPERM), or there is no `/proc`. */
async function orNothing<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "";
    if (["ENOENT", "ESRCH", "EACCES", "EPERM", "ENOTDIR"].includes(code)) return undefined;
    throw error;
  }
}
