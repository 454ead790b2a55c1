import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const settings = ["-c", "init.defaultBranch=main", "-c", "user.name=orgtree", "-c", "user.email=orgtree@localhost"];

/** A git repository of some files, in a temporary directory that goes with it. */
export function makeRepository(files: URL): Disposable & { readonly path: string } {
  const directory = mkdtempSync(join(tmpdir(), "orgtree-cluster-"));
  const path = join(directory, "repository");
  cpSync(fileURLToPath(files), path, { recursive: true });
  for (const args of [
    ["init", "--quiet"],
    ["add", "--all"],
    ["commit", "--quiet", "--message", "As it came"],
  ])
    execFileSync("git", [...settings, ...args], { cwd: path, stdio: "pipe" });
  return { path, [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }) };
}
