import { execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** Makes a named pipe. */
export function makePipe(path: string): void {
  execFileSync("sh", ["-c", 'mkfifo "$1"', "sh", path]);
}

/** A pipe in a directory through which a command tells that it is ready: `echo text > ready`. */
export function makeBarrier(directory: string, name = "ready"): { readonly reached: () => Promise<string> } {
  const path = join(directory, name);
  makePipe(path);
  return { reached: async () => (await readFile(path, "utf8")).trim() };
}
