/** Whose directory is it? A process that was killed cannot remove its own; the next run may, if it is certain. */
import { existsSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";

/** The process that made a directory. */
export interface DirectoryOwner {
  readonly pid: number;
  /** When it started, since ids come again; undefined where the system does not tell. */
  readonly start: string | undefined;
  /** Where its id means something: the machine, and the container on it. */
  readonly place: string;
  /** The journal of its run, which needs the directory to go on. */
  readonly journal?: string | undefined;
}

const fileName = "owner.json";

/** Says in a directory that it belongs to this process. */
export function claimDirectory(directory: string, journal?: string): void {
  const owner: DirectoryOwner = { pid: process.pid, start: startOf(process.pid), place: ownPlace(), journal };
  writeFileSync(join(directory, fileName), JSON.stringify(owner));
}

/**
 * Whether the process that made a directory is gone for certain, and nobody can go on in its place. Of a directory that does not say whose
 * it is, nobody knows.
 */
export function isAbandoned(directory: string): boolean {
  const owner = readOwner(directory);
  if (owner === undefined || owner.place !== ownPlace()) return false;
  if (owner.journal !== undefined && existsSync(owner.journal)) return false;
  if (!isAlive(owner.pid)) return true;
  const start = startOf(owner.pid);
  return owner.start !== undefined && start !== undefined && start !== owner.start;
}

function readOwner(directory: string): DirectoryOwner | undefined {
  const text = readOrNothing(() => readFileSync(join(directory, fileName), "utf8"));
  if (text === undefined) return undefined;
  try {
    const { pid, start, place, journal } = (JSON.parse(text) ?? {}) as Partial<Record<keyof DirectoryOwner, unknown>>;
    const isWhole = typeof pid === "number" && Number.isSafeInteger(pid) && pid > 0 && typeof place === "string";
    if (!isWhole) return undefined;
    return { pid, start: textOf(start), place, journal: textOf(journal) };
  } catch (error) {
    if (error instanceof SyntaxError) return undefined; // It was killed while it wrote.
    throw error;
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A zombie takes signals until somebody has asked how it ended, and does nothing any more.
    return !["Z", "X"].includes(statOf(pid)?.[0] ?? "");
  } catch (error) {
    // Any other reason, such as EPERM, means that there is one.
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

/** When a process started, in ticks since the boot that is named before them: field 22 of its `stat`. */
function startOf(pid: number): string | undefined {
  const boot = readOrNothing(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8"));
  const ticks = statOf(pid)?.[19];
  return ticks === undefined || boot === undefined ? undefined : `${boot.trim()} ${ticks}`;
}

/** The fields of `/proc/PID/stat` from the third on, the state (proc_pid_stat(5)); undefined where there is none. */
function statOf(pid: number): readonly string[] | undefined {
  const stat = readOrNothing(() => readFileSync(`/proc/${pid}/stat`, "utf8"));
  // The second field is a name in parentheses, with whatever in it.
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
}

function ownPlace(): string {
  return `${hostname()} ${readOrNothing(() => readlinkSync("/proc/self/ns/pid")) ?? ""}`;
}

function readOrNothing(read: () => string): string | undefined {
  try {
    return read();
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    if (["ENOENT", "ENOTDIR", "ESRCH", "EACCES", "EPERM"].includes(code)) return undefined;
    throw error;
  }
}
