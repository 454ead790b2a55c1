import { readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { expect, vi } from "vitest";

/** What a test of processes may leave behind, counted. */
export interface Leftovers {
  readonly children: readonly number[];
  readonly resources: readonly string[];
  readonly directories: readonly string[];
}

/**
 * Children of this process, its open processes and pipes, and the package's directories in the temporary directory. Timers are not
 * among them, since the test runner has some of its own: a fake clock counts them, and a process that ends by itself shows it.
 */
export function leftovers(): Leftovers {
  return {
    children: processes().filter((pid) => statOf(pid)?.parent === process.pid),
    resources: process.getActiveResourcesInfo().filter((name) => name === "ProcessWrap" || name === "PipeWrap"),
    directories: readdirSync(tmpdir()).filter((name) => name.startsWith("orgtree-")),
  };
}

/** Waits until a process is gone; one that nobody has buried yet counts as gone. */
export async function expectGone(pid: number): Promise<void> {
  expect(pid).toBeGreaterThan(1);
  await vi.waitFor(() => expect(statOf(pid)?.state ?? "Z").toBe("Z"), { timeout: 3_000, interval: 5 });
}

function processes(): number[] {
  return readdirSync("/proc").map(Number).filter(Number.isInteger);
}

function statOf(pid: number): { readonly state: string; readonly parent: number } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const [state = "", parent = ""] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return { state, parent: Number(parent) };
  } catch {
    return undefined;
  }
}
