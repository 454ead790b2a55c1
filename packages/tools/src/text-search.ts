import { GitError } from "./errors.ts";
import type { Snapshots } from "./snapshots.ts";

/** What to look for in the files of a workspace. */
export interface TextQuery {
  /** One line of text, or a POSIX extended regular expression. */
  readonly pattern: string;
  /** Default false: the pattern is plain text. */
  readonly isRegex?: boolean | undefined;
  /** Default false. */
  readonly ignoreCase?: boolean | undefined;
  /**
   * Only in files whose path, from the top, matches: `*`, `?` and `[…]` stay within a directory, two stars and a slash stand for any
   * number of directories. Default: all that are not ignored.
   */
  readonly glob?: string | undefined;
  /** Most matching lines given back. At least 1. */
  readonly maxMatches: number;
  readonly signal?: AbortSignal | undefined;
}

/** One line that matches. */
export interface TextMatch {
  readonly path: string;
  /** Counted from 1. */
  readonly line: number;
  /** The line, cut after 400 characters. */
  readonly text: string;
}

/** The matches, by path and line. */
export interface TextMatches {
  readonly matches: readonly TextMatch[];
  /** True when there are more. */
  readonly truncated: boolean;
}

const maxLineLength = 400;
const maxOutputBytes = 16 * 1024 * 1024;

/** Searches with `git grep`: in a process of its own, an expression that never ends can be stopped. Binary files are left out. */
export async function searchFiles(snapshots: Snapshots, query: TextQuery): Promise<TextMatches> {
  const { pattern, isRegex = false, ignoreCase = false, glob, maxMatches, signal } = query;
  const args = [isRegex ? "-E" : "-F", ...(ignoreCase ? ["-i"] : []), "-e", pattern];
  const { exitCode, stdout, stderr } = await snapshots.grep(args, { glob, signal, maxOutputBytes });
  // 1 is "no match"; null is the output limit, and what came until then counts.
  if (exitCode !== 0 && exitCode !== 1 && !(exitCode === null && stdout.length > 0)) throw new GitError("grep", exitCode, stderr);
  const matches: TextMatch[] = [];
  for (const found of stdout.toString("utf8").matchAll(/([^\0]+)\0(\d+)\0(.*)\n/g)) {
    if (matches.length === maxMatches) return { matches, truncated: true };
    const [, path = "", line = "", text = ""] = found;
    matches.push({ path, line: Number(line), text: text.length > maxLineLength ? `${text.slice(0, maxLineLength)}…` : text });
  }
  return { matches, truncated: exitCode === null };
}
