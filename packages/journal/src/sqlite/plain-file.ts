import { type Stats, statSync } from "node:fs";
import { refuse } from "./problem.ts";

/**
 * What is known of a file before anybody opens it, which for a FIFO would wait for a writer; undefined when it is not there. Throws
 * `ProblemError` when it is something else than a file, or has more than one name.
 */
export function statFile(path: string): Stats | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return undefined;
  if (!found.isFile()) refuse(`it is ${kindOf(found)}; give the path of a file`);
  // SQLite keeps the log beside the name by which a file was opened. Whoever comes by the other one does not see it.
  if (found.nlink > 1) refuse(`it has ${found.nlink} names (hard links), and its log lies beside one of them only; leave one, or copy it`);
  return found;
}

/** Bytes of what SQLite keeps beside a file; 0 when it is not there. Throws `ProblemError` when it is no file. */
export function sizeBeside(path: string, suffix: "-wal" | "-shm"): number {
  const found = statSync(`${path}${suffix}`, { throwIfNoEntry: false });
  if (found?.isFile() === false) refuse(`${path}${suffix} is ${kindOf(found)}, and has to be a file; move it away`);
  return found?.size ?? 0;
}

function kindOf(found: Stats): string {
  if (found.isDirectory()) return "a directory";
  if (found.isFIFO()) return "a pipe";
  return found.isSocket() ? "a socket" : "a device";
}
