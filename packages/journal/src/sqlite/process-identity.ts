import { readFileSync } from "node:fs";
import { hostname } from "node:os";

/** A process, so that another one can tell whether it still lives. Process ids come again; with the start they do not. */
export interface ProcessIdentity {
  readonly host: string;
  readonly pid: number;
  /** Since 1970, in milliseconds; for people. */
  readonly startedMs: number;
  /** Of the machine's start and the process's, where the system tells; empty elsewhere. */
  readonly birth: string;
}

/** This process. */
export function ownProcess(): ProcessIdentity {
  return { host: hostname(), pid: process.pid, startedMs: Math.round(Date.now() - process.uptime() * 1_000), birth: birthOf(process.pid) };
}

/** Whether a process lives; a process of another host counts as living, since nobody here can tell. */
export function isAlive(other: ProcessIdentity): boolean {
  if (other.host !== hostname()) return true;
  const birth = birthOf(other.pid);
  if (birth === over) return false;
  if (birth !== "" && other.birth !== "") return birth === other.birth;
  try {
    process.kill(other.pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process lives, too.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** As people know it. */
export function describeProcess({ host, pid, startedMs }: ProcessIdentity): string {
  const here = host === hostname() && pid === process.pid ? " (this process)" : "";
  return `process ${pid} on ${host}, started ${new Date(startedMs).toISOString()}${here},`;
}

/** Of a process that has ended, and whose parent has not noticed yet. */
const over = "over";

/** Linux tells the start of a process in ticks since that of the machine; other systems tell nothing. */
function birthOf(pid: number): string {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? over : `${boot} ${fields[19]}`;
  } catch {
    return "";
  }
}
