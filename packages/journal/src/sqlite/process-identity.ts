import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/** A process, so that another one can tell whether it still lives. Process ids come again; with the start they do not. */
export interface ProcessIdentity {
  readonly host: string;
  readonly pid: number;
  /** Since 1970, in milliseconds; for people. */
  readonly startedMs: number;
  /** Of the machine's start and the process's, where the system tells; empty elsewhere. */
  readonly birth: string;
  /** Where `pid` is a number: processes of a container have their own. Empty where the system does not tell. */
  readonly space?: string;
}

/**
 * What is known here of another process. `hidden`: it is, or was, of this machine since its last start, among processes that cannot be
 * seen from here, as in another container. `unknown`: it is of another machine.
 */
export type Vitality = "alive" | "over" | "hidden" | "unknown";

/** This process. */
export function ownProcess(): ProcessIdentity {
  const startedMs = Math.round(Date.now() - process.uptime() * 1_000);
  return { host: hostname(), pid: process.pid, startedMs, birth: birthOf(process.pid), space: ownSpace() };
}

/**
 * Whether a process lives. Nothing of a machine that was started again does. The name of a machine is no evidence where the system tells its
 * start: names change, and two machines may have one.
 */
export function vitalityOf(other: ProcessIdentity): Vitality {
  const [boot, otherBoot] = [bootId(), bootOf(other.birth)];
  const isOwnName = other.host === hostname();
  if (boot === "" || otherBoot === "") return isOwnName ? vitalityOfPid(other) : "unknown";
  if (boot !== otherBoot) return isOwnName ? "over" : "unknown";
  const isSeen = other.space === undefined ? isOwnName : other.space === ownSpace();
  return isSeen ? vitalityOfPid(other) : "hidden";
}

/** As people know it. */
export function describeProcess({ host, pid, startedMs }: ProcessIdentity): string {
  const here = host === hostname() && pid === process.pid ? " (this process)" : "";
  return `process ${pid} on ${host}, started ${new Date(startedMs).toISOString()}${here},`;
}

function vitalityOfPid(other: ProcessIdentity): "alive" | "over" {
  const birth = birthOf(other.pid);
  if (birth === over) return "over";
  if (birth !== "" && other.birth !== "") return birth === other.birth ? "alive" : "over";
  try {
    process.kill(other.pid, 0);
    return "alive";
  } catch (error) {
    // Somebody else's process lives, too.
    return error instanceof Error && "code" in error && error.code === "EPERM" ? "alive" : "over";
  }
}

/** Of a process that has ended, and whose parent has not noticed yet. */
const over = "over";

/** Linux tells the start of a process in ticks since that of the machine; other systems tell nothing. */
function birthOf(pid: number): string {
  const [boot, stat] = [bootId(), readOrNothing(() => readFileSync(`/proc/${pid}/stat`, "latin1"))];
  if (boot === "" || stat === "") return "";
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields[0] === "Z" || fields[0] === "X" ? over : `${boot} ${fields[19]}`;
}

/** Another one at each start of the machine. */
function bootId(): string {
  return readOrNothing(() => readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim());
}

function bootOf(birth: string): string {
  return birth.slice(0, Math.max(0, birth.lastIndexOf(" ")));
}

function ownSpace(): string {
  return readOrNothing(() => readlinkSync("/proc/self/ns/pid"));
}

function readOrNothing(read: () => string): string {
  try {
    return read();
  } catch {
    return "";
  }
}
