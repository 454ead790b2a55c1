import { execFile } from "node:child_process";
import { checkDirectory } from "./directory.ts";
import { CommandNotFoundError, GitError } from "./errors.ts";
import { scrubbedEnvironment } from "./scrubbed-environment.ts";

/** Where and how git runs. */
export interface GitOptions {
  readonly cwd: string;
  /** Added to git's environment, for example GIT_DIR. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly input?: string | Uint8Array | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Most bytes of output. Default 256 MiB. */
  readonly maxOutputBytes?: number | undefined;
  /**
   * Reads the person's own configuration, which says what they ignore and which repositories they trust. Only for reading their
   * repository; in our copies nothing of it counts. Default false.
   */
  readonly asPerson?: boolean | undefined;
}

/** How git ended. */
export interface GitOutcome {
  /** Null when it was killed at its time or output limit. */
  readonly exitCode: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** Longest run of one git command in milliseconds; the clone of a large repository is the longest. */
const timeoutMs = 600_000;
const defaultMaxOutputBytes = 256 * 1024 * 1024;
const maxStderrLength = 2_000;

/** Configuration that outranks every file: no program that a repository names is run, nothing is tidied up behind our back. */
const settings = [
  "core.hooksPath=/dev/null",
  "core.fsmonitor=false",
  "core.quotePath=true",
  "core.fsync=none",
  // Snapshots are short-lived: time counts, disk does not.
  "core.looseCompression=0",
  "gc.auto=0",
  "maintenance.auto=false",
  "commit.gpgSign=false",
  "submodule.recurse=false",
  "init.defaultBranch=main",
  "user.name=orgtree",
  "user.email=orgtree@localhost",
].flatMap((setting) => ["-c", setting]);

/** Runs git and gives its output. Rejects with `GitError` unless it ends with 0. */
export async function git(args: readonly [string, ...string[]], options: GitOptions): Promise<Buffer> {
  const { exitCode, stdout, stderr } = await tryGit(args, options);
  if (exitCode !== 0) throw new GitError(args[0], exitCode, stderr);
  return stdout;
}

/** Runs git, whatever it ends with. Rejects with `CommandNotFoundError`, `DirectoryNotFoundError` or the signal's reason. */
export async function tryGit(args: readonly [string, ...string[]], options: GitOptions): Promise<GitOutcome> {
  const { cwd, input, signal, maxOutputBytes: maxBuffer = defaultMaxOutputBytes } = options;
  await checkDirectory(cwd);
  signal?.throwIfAborted();
  return new Promise((resolve, reject) => {
    const limits = { cwd, env: gitEnvironment(options), encoding: "buffer", timeout: timeoutMs, maxBuffer, signal } as const;
    const child = execFile("git", [...settings, ...args], limits, (error, stdout, stderrBytes) => {
      const stderr = stderrBytes.toString("utf8").trim().slice(0, maxStderrLength);
      if (error === null) return resolve({ exitCode: 0, stdout, stderr });
      if (signal?.aborted) return reject(signal.reason as Error);
      if (error.code === "ENOENT") return reject(new CommandNotFoundError("git"));
      resolve({ exitCode: typeof error.code === "number" ? error.code : null, stdout, stderr: stderr || error.message });
    });
    // git may end without reading all of it; its exit code says why.
    child.stdin?.on("error", () => {});
    child.stdin?.end(input);
  });
}

function gitEnvironment({ env, asPerson = false }: GitOptions): Record<string, string> {
  const quiet = {
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_TERMINAL_PROMPT: "0",
    // No lock and no refreshed index in a repository that is only read.
    GIT_OPTIONAL_LOCKS: "0",
    LC_ALL: "C.UTF-8",
    LANGUAGE: "C",
  };
  const { HOME, XDG_CONFIG_HOME } = process.env;
  if (!asPerson || HOME === undefined)
    return scrubbedEnvironment(process.env, "/nonexistent", { ...quiet, GIT_CONFIG_GLOBAL: "/dev/null", ...env });
  return scrubbedEnvironment(process.env, HOME, { ...quiet, ...(XDG_CONFIG_HOME === undefined ? {} : { XDG_CONFIG_HOME }), ...env });
}
