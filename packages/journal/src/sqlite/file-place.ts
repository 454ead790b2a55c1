import { accessSync, constants, statSync } from "node:fs";
import { ProblemError } from "./problem.ts";

/**
 * Where a file that is open for writing lies, with its log. A system goes on writing to a file that was removed or renamed, and nobody
 * finds it there; whoever opens its path next is not locked out. Looking costs 5 µs, where a sync takes a hundred.
 */
export class FilePlace {
  readonly #path: string;
  readonly #suffixes = ["", "-wal"] as const;
  readonly #keys: readonly (string | undefined)[];
  #isMoved = false;

  constructor(path: string) {
    this.#path = path;
    this.#keys = this.#suffixes.map((suffix) => keyOf(`${path}${suffix}`));
  }

  /** Throws `ProblemError` when it is not there any more, or something else is. */
  check(): void {
    for (const [index, suffix] of this.#suffixes.entries()) {
      const key = keyOf(`${this.#path}${suffix}`);
      if (key !== undefined && key !== this.#keys[index]) this.#isMoved = true;
    }
    this.refuseMoved();
  }

  /** Once it was gone it is never believed again: somebody else may have opened its path meanwhile. */
  refuseMoved(): void {
    if (!this.#isMoved) return;
    const problem =
      "it was removed, renamed or replaced under its writer; end this process, put the file back with its log (-wal), and open it again";
    throw new ProblemError({ kind: "moved", problem });
  }

  /** The file system was made read-only since, as some are when their disk fails. */
  isReadOnly(): boolean {
    try {
      accessSync(this.#path, constants.W_OK);
      return false;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === "EROFS";
    }
  }
}

/** Undefined where it may not be looked at: that says nothing. */
function keyOf(path: string): string | undefined {
  try {
    const found = statSync(path, { bigint: true, throwIfNoEntry: false });
    return found === undefined ? "none" : `${found.dev}:${found.ino}`;
  } catch {
    return undefined;
  }
}
