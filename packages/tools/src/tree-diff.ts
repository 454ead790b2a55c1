import { isUtf8 } from "node:buffer";
import { UndeliverableError } from "./errors.ts";
import { describeName, splitBytes } from "./nul-list.ts";

/** A file that differs between two states. A rename is a deletion and an addition. */
export interface ChangedFile {
  readonly path: string;
  readonly change: "added" | "modified" | "deleted";
}

/** What `git diff-tree --raw -p -z` says of two trees. */
export interface TreeDiff {
  readonly changes: readonly ChangedFile[];
  /** Paths of what is a symbolic link in the second tree and was none, or another one, in the first. */
  readonly links: readonly string[];
  /** The names in the second tree that are not UTF-8, in ASCII; in `changes` they cannot be told. */
  readonly badNames: readonly string[];
  readonly patch: Buffer;
}

/** Two trees that are the same. */
export const noDiff: TreeDiff = { changes: [], links: [], badNames: [], patch: Buffer.alloc(0) };

/** Reads what git prints: a record and a path for each file, each with a NUL behind it, then another NUL and the patch. */
export function parseTreeDiff(output: Buffer): TreeDiff {
  if (output.length === 0) return noDiff;
  const end = output.indexOf("\0\0");
  const fields = splitBytes(output.subarray(0, end));
  const [changes, links, badNames]: [ChangedFile[], string[], string[]] = [[], [], []];
  for (let at = 0; at + 1 < fields.length; at += 2) {
    // `:100644 120000 <id> <id> T`
    const [, mode, , , letter = ""] = fields[at]!.split(" ");
    const bytes = Buffer.from(fields[at + 1]!, "latin1");
    const path = bytes.toString("utf8");
    changes.push({ path, change: letter === "A" ? "added" : letter === "D" ? "deleted" : "modified" });
    if (mode === "120000") links.push(path);
    if (letter !== "D" && !isUtf8(bytes)) badNames.push(describeName(fields[at + 1]!));
  }
  return { changes, links, badNames, patch: output.subarray(end + 2) };
}

/** Throws `UndeliverableError` for a name that is not UTF-8. */
export function checkNames({ badNames: [path] }: TreeDiff): void {
  if (path !== undefined) throw new UndeliverableError(`the name of ${path} is not UTF-8`, [path], "rename it, or remove it");
}
