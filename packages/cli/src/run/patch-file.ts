/** Where the patch of a run goes: under its name only when it has passed the check. */
import { existsSync, renameSync, rmSync } from "node:fs";
import { access, constants, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { RunResult } from "orgtree";
import { UsageError } from "../input/usage-error.ts";

/** Before money is spent: a patch that cannot be written would be lost. Rejects with `UsageError`. */
export async function checkWritable(path: string): Promise<void> {
  const directory = dirname(path);
  try {
    await access(directory, constants.W_OK);
    if ((await stat(path).catch(() => undefined))?.isDirectory() !== true) return;
  } catch (error) {
    throw new UsageError(`cannot write to ${directory}: ${(error as Error).message}`, "choose another --out");
  }
  throw new UsageError(`${path} is a directory`, "name a file with --out");
}

/**
 * Puts away what an earlier run has left, so that nobody takes it for the work of this one: its patch has another name from now
 * on, which is given back, and what had not passed is gone.
 */
export function putAway(path: string): string | undefined {
  rmSync(besides(path, "partial"), { force: true });
  if (!existsSync(path)) return undefined;
  const earlier = besides(path, "previous");
  renameSync(path, earlier);
  return earlier;
}

/** Writes a patch, under another name unless it has passed, and gives back where. */
export async function writePatch(path: string, patch: string, status: RunResult["status"]): Promise<string> {
  const file = status === "done" ? path : besides(path, "partial");
  await writeFile(file, patch);
  return file;
}

/** `orgtree.partial.patch` beside `orgtree.patch`. */
function besides(path: string, word: "partial" | "previous"): string {
  return `${path.replace(/\.patch$/, "")}.${word}.patch`;
}
