import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { checkLeast, checkPositive, SpecError } from "@orgtree/core";
import { checkDirectory, removeDirectory } from "./directory.ts";
import { CommandNotFoundError, CommandStartError } from "./errors.ts";
import { limitOutput, type OutputLimit } from "./output-limit.ts";
import { type GroupEnd, type ProcessGroup, startGroup } from "./process-group.ts";
import { scrubbedEnvironment } from "./scrubbed-environment.ts";
import { killStragglers } from "./stragglers.ts";
import { systemTimer, type Timer } from "./timer.ts";

/** What to run, and its limits. */
export interface CommandOptions {
  /** A text is run by `/bin/sh -c`; a list is a program and its arguments, with no shell to misread them. */
  readonly command: string | readonly [file: string, ...args: string[]];
  /** An existing directory. */
  readonly cwd: string;
  /** Variables to add to, or replace in, the scrubbed environment: PATH, HOME, LANG and TMPDIR. Default none. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Written to standard input, which is then closed. Default: no standard input at all. */
  readonly input?: string | Uint8Array | undefined;
  /** Longest run in milliseconds. More than 0. Default 60,000. */
  readonly timeoutMs?: number | undefined;
  /** Time between SIGTERM and SIGKILL in milliseconds. At least 0. Default 2,000. */
  readonly killGraceMs?: number | undefined;
  /**
   * Bytes kept of stdout and of stderr each: the head and the tail, with a mark where the middle was cut. At least 1. Default 1 MiB.
   * A command that writes 16 times as much is stopped.
   */
  readonly maxOutputBytes?: number | undefined;
  /**
   * Bytes of private writable memory for each process, not for all together (RLIMIT_DATA; Linux only). At least 1 MiB. Default: no
   * limit. Node reserves about 560 MiB before it does anything, so a Node command needs at least 700 MiB here.
   */
  readonly maxMemoryBytes?: number | undefined;
  /** Stops the command; the rejection is then the signal's reason, once the processes are gone. */
  readonly signal?: AbortSignal | undefined;
  /** Drives the deadlines. Default: real time. */
  readonly clock?: Timer | undefined;
}

/**
 * How a command ended. A failure of the command's own, an exit code other than 0, is a result too: 127 where a shell found no program. So is an exit code of 0 of a command
 * that was stopped: it is a success only where neither `timedOut` nor `overflowed` is true.
 */
export interface CommandResult {
  /** Null when a signal ended the command. */
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** True when stdout or stderr lost its middle. */
  readonly truncated: boolean;
  readonly durationMs: number;
  /** True when the command was stopped at its deadline. */
  readonly timedOut: boolean;
  /** True when the command was stopped because it wrote without end. */
  readonly overflowed: boolean;
}

/** Longest run of a command that does not say, in milliseconds. */
export const defaultCommandTimeoutMs = 60_000;
/** Time between SIGTERM and SIGKILL where a command does not say, in milliseconds. */
export const defaultKillGraceMs = 2_000;

const defaultMaxOutputBytes = 1024 * 1024;
/** How often the kept bytes may be written over before the command counts as endless. */
const overflowFactor = 16;
const leastMemoryBytes = 1024 * 1024;

/**
 * Runs a command in a process group of its own, with a scrubbed environment and limits on time, output and memory.
 *
 * **This is not a sandbox.** The command runs as the same user: it can read and write whatever that user can, use the network, and
 * read this process's environment through `/proc`. Run what you do not trust in a container or a virtual machine.
 *
 * HOME and TMPDIR are a directory of the command's own, removed at its end. On a timeout, an abort or endless output the whole group
 * gets SIGTERM and, after the grace, SIGKILL; also after a normal end nothing of the group is left, and what holds the pipes open
 * is not waited for. A process that leaves the group is found by its environment where there is a `/proc`.
 *
 * Standard output and error are sockets, which is Node's way: `>&2` works, opening `/dev/stderr` does not.
 *
 * Rejects with `CommandNotFoundError`, `CommandStartError`, `DirectoryNotFoundError`, `SpecError` for malformed options, or the
 * signal's reason.
 *
 * @example
 * const { exitCode, stderr } = await runCommand({ command: "npm test", cwd: workspace.root, timeoutMs: 120_000 });
 */
export async function runCommand(options: CommandOptions): Promise<CommandResult> {
  checkOptions(options);
  options.signal?.throwIfAborted();
  await checkDirectory(options.cwd);
  const home = await mkdtemp(join(tmpdir(), "orgtree-command-"));
  try {
    return await runAtHome(options, home);
  } finally {
    await killStragglers(home);
    await removeDirectory(home);
  }
}

async function runAtHome(options: CommandOptions, home: string): Promise<CommandResult> {
  const { maxOutputBytes = defaultMaxOutputBytes, clock = systemTimer } = options;
  const startedMs = clock.nowMs();
  const group = start(options, home);
  const stdout = collect(group.child.stdout, maxOutputBytes, group);
  const stderr = collect(group.child.stderr, maxOutputBytes, group);
  // A command that does not read its input breaks the pipe, which is its right.
  group.child.stdin?.on("error", () => {});
  group.child.stdin?.end(options.input);
  const end = await endOf(group, options);
  if (end.cause === "abort") options.signal?.throwIfAborted();
  const result = {
    exitCode: end.exitCode,
    signal: end.signal,
    stdout: stdout.text(),
    stderr: stderr.text(),
    truncated: stdout.truncated || stderr.truncated,
    durationMs: clock.nowMs() - startedMs,
    timedOut: end.cause === "timeout",
    overflowed: end.cause === "overflow",
  };
  // The word of the shell that sets the limit; of a command that is a shell's own it is a result.
  if (result.exitCode === 127 && options.maxMemoryBytes !== undefined && typeof options.command !== "string")
    throw new CommandNotFoundError(nameOf(options));
  return result;
}

function start(options: CommandOptions, home: string): ProcessGroup {
  // Of this process's environment PATH alone is used: programs are found where this process finds them.
  const env = scrubbedEnvironment(process.env, home, options.env);
  const stdin = options.input === undefined ? "ignore" : "pipe";
  try {
    const { cwd, clock = systemTimer, killGraceMs = defaultKillGraceMs } = options;
    return startGroup({ argv: argvOf(options), cwd, env, stdin }, clock, killGraceMs);
  } catch (cause) {
    // Node throws here for E2BIG, for NUL bytes and the like; ENOENT comes later, as an event.
    throw startError(options, cause);
  }
}

/** Waits for the end, which deadline and signal may bring about. */
async function endOf(group: ProcessGroup, options: CommandOptions): Promise<GroupEnd> {
  const { timeoutMs = defaultCommandTimeoutMs, clock = systemTimer, signal } = options;
  const onAbort = (): void => group.stop("abort");
  const cancelDeadline = clock.setTimer(timeoutMs, () => group.stop("timeout"));
  signal?.addEventListener("abort", onAbort, { once: true });
  // It may have aborted while the home was made.
  if (signal?.aborted) onAbort();
  try {
    return await group.ended;
  } catch (cause) {
    throw startError(options, cause);
  } finally {
    cancelDeadline();
    signal?.removeEventListener("abort", onAbort);
  }
}

function collect(pipe: Readable | null, maxBytes: number, group: ProcessGroup): OutputLimit {
  const output = limitOutput(maxBytes);
  pipe?.on("data", (chunk: Buffer) => {
    output.add(chunk);
    if (output.totalBytes > maxBytes * overflowFactor) group.stop("overflow");
  });
  return output;
}

/** The limit is set by a shell that then becomes the command, since Node cannot set one for a child. */
function argvOf({ command, maxMemoryBytes }: CommandOptions): readonly [string, ...string[]] {
  const argv = typeof command === "string" ? (["/bin/sh", "-c", command] as const) : command;
  if (maxMemoryBytes === undefined) return argv;
  const limitKib = String(Math.floor(maxMemoryBytes / 1024));
  return ["/bin/sh", "-c", 'ulimit -d "$1" || exit 126; shift; exec "$@"', "sh", limitKib, ...argv];
}

function nameOf({ command }: CommandOptions): string {
  return typeof command === "string" ? command : command[0];
}

function startError(options: CommandOptions, cause: unknown): Error {
  const code = (cause as NodeJS.ErrnoException).code ?? "unknown";
  const name = nameOf(options);
  // EACCES of a bare name: nowhere on PATH, though some directory of it could not be read.
  const isMissing = code === "ENOENT" || (code === "EACCES" && !name.includes("/"));
  return isMissing ? new CommandNotFoundError(name) : new CommandStartError(name, code, cause);
}

function checkOptions(options: CommandOptions): void {
  if (nameOf(options) === undefined || nameOf(options).trim() === "") throw new SpecError("command", "must not be empty");
  const { timeoutMs, killGraceMs, maxOutputBytes, maxMemoryBytes } = options;
  if (timeoutMs !== undefined) checkPositive(timeoutMs, "timeoutMs");
  if (killGraceMs !== undefined) checkLeast(killGraceMs, 0, "killGraceMs");
  if (maxOutputBytes !== undefined) checkLeast(maxOutputBytes, 1, "maxOutputBytes");
  if (maxMemoryBytes !== undefined) checkLeast(maxMemoryBytes, leastMemoryBytes, "maxMemoryBytes");
}
