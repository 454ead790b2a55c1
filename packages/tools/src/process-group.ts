/**
 * A child process with a process group of its own, so that what it starts ends with it.
 *
 * Invariants
 *   G1. When `ended` has settled, the group was sent SIGKILL, its pipes are closed and no timer is left.
 *   G2. A group is stopped for one cause only, the first.
 *   G3. When this process exits, every group that is still running is killed; a SIGKILL of this process is beyond that.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { type Timer, waitAtMost } from "./timer.ts";

/** Why a group ended: by itself, or because it was stopped. */
type EndCause = "exit" | "timeout" | "abort" | "overflow";

/** How the first process of a group ended. */
export interface GroupEnd {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly cause: EndCause;
}

/** A group that was started. */
export interface ProcessGroup {
  readonly child: ChildProcess;
  /** Rejects with the system's error when the program could not be started. */
  readonly ended: Promise<GroupEnd>;
  /** SIGTERM to the whole group, SIGKILL after the grace. Does nothing once the first process is gone. */
  stop(cause: Exclude<EndCause, "exit">): void;
}

/** What to start and where. */
export interface GroupStart {
  readonly argv: readonly [file: string, ...args: string[]];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: "pipe" | "ignore";
}

/** How long pipes may stay open after the first process is gone, in milliseconds: a background process holds them. */
const drainMs = 100;

const running = new Set<number>();

/** Starts a group. The grace is in milliseconds. */
export function startGroup(start: GroupStart, timer: Timer, killGraceMs: number): ProcessGroup {
  const [file, ...args] = start.argv;
  const child = spawn(file, args, { cwd: start.cwd, env: start.env, detached: true, stdio: [start.stdin, "pipe", "pipe"] });
  let cause: EndCause = "exit";
  let isGone = false;
  let cancelKill = (): void => {};

  async function watch(): Promise<GroupEnd> {
    const closed = new Promise((resolve) => child.once("close", resolve));
    const { exitCode, signal } = await exitOf(child);
    isGone = true;
    cancelKill();
    await waitAtMost(timer, drainMs, closed);
    killGroup(child, "SIGKILL");
    forget(child);
    // Whoever left the group may hold the pipes still.
    await waitAtMost(timer, drainMs, closed);
    for (const pipe of [child.stdin, child.stdout, child.stderr]) pipe?.destroy();
    return { exitCode, signal, cause };
  }

  remember(child);
  return {
    child,
    ended: watch(),
    stop(why) {
      if (isGone || cause !== "exit" || child.pid === undefined) return;
      cause = why;
      killGroup(child, "SIGTERM");
      cancelKill = timer.setTimer(killGraceMs, () => killGroup(child, "SIGKILL"));
    },
  };
}

function exitOf(child: ChildProcess): Promise<Omit<GroupEnd, "cause">> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (exitCode, signal) => resolve({ exitCode, signal }));
  });
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid !== undefined) killIfThere(-child.pid, signal);
}

/** Sends a signal to a process, or to a group by its negative id; nobody there is fine. */
export function killIfThere(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    // ESRCH: all gone. EPERM: only processes that changed their user are left, or, on macOS, only zombies.
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== "ESRCH" && code !== "EPERM") throw error;
  }
}

function remember({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  if (running.size === 0) process.on("exit", killRunning);
  running.add(pid);
}

function forget({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  running.delete(pid);
  if (running.size === 0) process.off("exit", killRunning);
}

function killRunning(): void {
  for (const pid of running) killIfThere(-pid, "SIGKILL");
}
