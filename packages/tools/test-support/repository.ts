import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Runs git as a person would, but without this machine's configuration. */
export function gitIn(cwd: string, ...args: string[]): string {
  const env = { ...process.env, GIT_CONFIG_NOSYSTEM: "1", GIT_CONFIG_GLOBAL: "/dev/null" };
  const who = ["-c", "user.name=Test", "-c", "user.email=test@localhost", "-c", "init.defaultBranch=main", "-c", "maintenance.auto=false"];
  return execFileSync("git", [...who, ...args], { cwd, env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

/** Writes files, by their paths. */
export function writeFiles(root: string, files: Readonly<Record<string, string | Buffer>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
}

/** A repository with one commit of these files. */
export function makeRepository(root: string, files: Readonly<Record<string, string | Buffer>>): string {
  for (const name of ["objects", "refs", "info"]) mkdirSync(join(root, ".git", name), { recursive: true });
  // What `git init` makes, without asking it each time.
  writeFiles(join(root, ".git"), { HEAD: "ref: refs/heads/main\n", config: "[core]\n\trepositoryformatversion = 0\n\tbare = false\n" });
  writeFiles(root, files);
  gitIn(root, "add", "--all", "--force");
  gitIn(root, "commit", "--quiet", "--message=first");
  return root;
}

/** Every file below a directory with what it is: kind, mode, size, time of change, content. */
export function fingerprint(root: string): Record<string, string> {
  const prints: Record<string, string> = {};
  for (const entry of readdirSync(root, { recursive: true, encoding: "utf8" }).sort()) {
    const path = join(root, entry);
    const stats = lstatSync(path, { bigint: true });
    const content = stats.isSymbolicLink() ? readlinkSync(path) : stats.isFile() ? hash(readFileSync(path)) : "";
    prints[entry] = `${stats.mode} ${stats.size} ${stats.mtimeNs} ${content}`;
  }
  return prints;
}

/** The same without times, for comparing two directories; `.git` is left out. */
export function contents(root: string): Record<string, string> {
  const prints = fingerprint(root);
  const kept = Object.entries(prints).filter(([path, print]) => !/(^|\/)\.git(\/|$)/.test(path) && !print.endsWith(" "));
  return Object.fromEntries(
    kept.map(([path, print]) => {
      const [mode, size, , content] = print.split(" ");
      return [path, `${mode} ${size} ${content}`];
    }),
  );
}

function hash(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
