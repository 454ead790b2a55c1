import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
let compiled: Promise<string | undefined> | undefined;

/** Compiles `erlang/bench.erl`, once; gives back the directory, undefined where there is no Erlang. */
export function erlangModule(): Promise<string | undefined> {
  compiled ??= compile();
  return compiled;
}

/** Removes what was compiled. */
export async function removeErlangModule(): Promise<void> {
  const directory = await compiled;
  compiled = undefined;
  if (directory !== undefined) await rm(directory, { recursive: true, force: true });
}

/** The release, such as `25`; undefined where there is no Erlang. */
export async function erlangRelease(): Promise<string | undefined> {
  const command = 'io:format("~s", [erlang:system_info(otp_release)]), halt().';
  return unlessMissing(async () => (await run("erl", ["-noshell", "-eval", command])).stdout.trim());
}

async function compile(): Promise<string | undefined> {
  if ((await erlangRelease()) === undefined) return undefined;
  const directory = await mkdtemp(join(tmpdir(), "orgtree-bench-"));
  await run("erlc", ["-o", directory, fileURLToPath(new URL("../erlang/bench.erl", import.meta.url))]);
  return directory;
}

async function unlessMissing<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if ((error as { code?: unknown }).code === "ENOENT") return undefined;
    throw error;
  }
}
