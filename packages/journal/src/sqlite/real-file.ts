import { readlinkSync, realpathSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { refuse } from "./problem.ts";

/** As many as Linux follows. */
const maxLinks = 40;

/**
 * The file itself, whatever links lead to it: SQLite keeps the log beside the file, not beside a link. Of one that is not there yet,
 * where it would be made. Throws `ProblemError` when links lead in a circle, and for what is no path.
 */
export function realFile(path: string): string {
  // Whoever writes no types may forget it.
  if (typeof path !== "string" || path === "" || path.includes("\0")) refuse("that is no path; give that of a file, as a text");
  let file = resolve(path);
  for (let links = 0; links <= maxLinks; links++) {
    const directory = realDirectory(dirname(file));
    file = join(directory, basename(file));
    const target = targetOf(file);
    if (target === undefined) return file;
    file = resolve(directory, target);
  }
  return refuse("its links lead in a circle; give the path of a file");
}

/** As it is named where it is not there, or may not be looked at: whoever opens the file says so. */
function realDirectory(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/** Undefined for what is no link. */
function targetOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
