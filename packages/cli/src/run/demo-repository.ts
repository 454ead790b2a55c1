import { cp, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runCommand } from "orgtree";
import { UsageError } from "../input/usage-error.ts";

/** Where a bundled repository is made, and what may stop that. */
export interface DemoPlace {
  /** An existing directory. */
  readonly directory: string;
  readonly signal: AbortSignal;
}

/**
 * Makes a git repository of the files that come with an organization, and gives its path.
 *
 * Nobody's git configuration counts: the commit has an author of its own, and no hook and no signature.
 */
export async function makeDemoRepository(files: URL, { directory, signal }: DemoPlace): Promise<string> {
  const from = fileURLToPath(files);
  const found = await stat(from).catch(() => undefined);
  if (found?.isDirectory() !== true)
    throw new UsageError(`the files of the demo are not there: ${from}`, "its URL has to name a directory");
  const repo = join(directory, "repository");
  await cp(from, repo, { recursive: true });
  for (const args of [
    ["init", "--quiet"],
    ["add", "--all"],
    ["commit", "--quiet", "--message", "As it came"],
  ]) {
    const { exitCode, stderr } = await runCommand({ command: ["git", ...settings, ...args], cwd: repo, env, signal });
    if (exitCode !== 0) throw new UsageError(`git ${args[0]} failed in the copy of the demo: ${stderr.trim()}`);
  }
  return repo;
}

const settings = [
  "init.defaultBranch=main",
  "user.name=orgtree",
  "user.email=orgtree@localhost",
  "commit.gpgSign=false",
  "core.hooksPath=/dev/null",
].flatMap((setting) => ["-c", setting]);
const env = { GIT_CONFIG_NOSYSTEM: "1", GIT_CONFIG_GLOBAL: "/dev/null", GIT_TEMPLATE_DIR: "", GIT_TERMINAL_PROMPT: "0" };
