import { execFile } from "node:child_process";
import { cpus, loadavg, totalmem } from "node:os";
import { promisify } from "node:util";
import { erlangRelease } from "./erlang-module.ts";

/** Where and when something was measured. */
export interface Facts {
  readonly date: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  /** Load of the last minute when the benches began; more than the cores is noise. */
  readonly load: number;
  readonly node: string;
  readonly v8: string;
  readonly erlang: string | undefined;
  /** With `+` when the working tree differs from it. */
  readonly commit: string;
}

export async function gatherFacts(): Promise<Facts> {
  return {
    date: new Date().toISOString(),
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    load: Number(loadavg()[0]!.toFixed(1)),
    node: process.versions.node,
    v8: process.versions.v8,
    erlang: await erlangRelease(),
    commit: await commit(),
  };
}

async function commit(): Promise<string> {
  const git = async (...args: string[]): Promise<string> => (await promisify(execFile)("git", args)).stdout.trim();
  try {
    const changed = await git("status", "--porcelain", "packages", "bench/*.ts");
    return `${await git("rev-parse", "--short", "HEAD")}${changed === "" ? "" : "+"}`;
  } catch {
    return "unknown"; // Not a working copy.
  }
}
