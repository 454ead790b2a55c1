/**
 * Ignore rules, frozen: those that hold when a workspace is made are the only ones that count in it. A `.gitignore` that an agent
 * writes or changes hides nothing.
 */
import { lstat, readFile } from "node:fs/promises";
import { posix } from "node:path";
import { join } from "node:path";

/** Rules of one place: the text of a `.gitignore`, and the directory that it lies in, from the top; empty for the top itself. */
export interface IgnoreFile {
  readonly directory: string;
  readonly text: string;
}

/** Reads those of `paths` that are ignore files; links are none, as git sees it. */
export async function readIgnoreFiles(root: string, paths: readonly string[]): Promise<IgnoreFile[]> {
  const found: IgnoreFile[] = [];
  for (const path of paths) {
    if (posix.basename(path) !== ".gitignore") continue;
    const text = await readPlainFile(join(root, path));
    const directory = posix.dirname(path);
    if (text !== undefined) found.push({ directory: directory === "." ? "" : directory, text });
  }
  return found;
}

/** One list of rules for the whole tree that means the same as all these files: of two rules that match, the later one counts. */
export function joinIgnoreRules(files: readonly IgnoreFile[]): string {
  const depth = ({ directory }: IgnoreFile): number => (directory === "" ? 0 : directory.split("/").length);
  const lines = files.toSorted((one, other) => depth(one) - depth(other)).flatMap(({ directory, text }) => rebaseRules(text, directory));
  return lines.map((line) => `${line}\n`).join("");
}

/** A rule for exactly this path, from the top. */
export function ruleFor(path: string): string {
  return `/${escapeGlob(path.replace(/\/+$/, ""))}`;
}

/** The rules of a directory, each worded for the top; see gitignore(5) for the cases. */
function rebaseRules(text: string, directory: string): string[] {
  const lines = text.replace(/^\uFEFF/, "").split("\n");
  const rules = lines.map((line) => trimEnd(line.replace(/\r$/, ""))).filter((line) => line !== "" && !line.startsWith("#"));
  return directory === "" ? rules : rules.map((rule) => rebase(rule, escapeGlob(directory)));
}

function rebase(rule: string, directory: string): string {
  const negation = rule.startsWith("!") ? "!" : "";
  const pattern = rule.slice(negation.length);
  // A slash at the end says only that a directory is meant; any other binds the rule to its place.
  const isBound = pattern.replace(/\/$/, "").includes("/");
  return `${negation}/${directory}/${isBound ? pattern.replace(/^\//, "") : `**/${pattern}`}`;
}

/** Blanks at the end do not count, unless the last one is escaped. */
function trimEnd(line: string): string {
  const trimmed = line.replace(/ +$/, "");
  return trimmed !== line && /(^|[^\\])(\\\\)*\\$/.test(trimmed) ? `${trimmed} ` : trimmed;
}

/** A list of rules has one on each line: a line end in a name is matched by `?`. */
function escapeGlob(path: string): string {
  return path.replaceAll(/[\\*?[]/g, String.raw`\$&`).replaceAll("\n", "?");
}

async function readPlainFile(path: string): Promise<string | undefined> {
  try {
    return (await lstat(path)).isFile() ? await readFile(path, "utf8") : undefined;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR" || code === "EACCES") return undefined;
    throw error;
  }
}
