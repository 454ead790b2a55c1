/** What a workspace has to know of itself to be found again by another process: a file beside the copy. */
import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { WorkspaceGoneError } from "./errors.ts";
import type { OriginalRepository } from "./original-repository.ts";

/** What is in the file. It is written last of all: where it is, the workspace is whole. */
export interface WorkspaceRecord {
  readonly version: 1;
  readonly original: OriginalRepository;
  readonly ignoredPaths: readonly string[];
  /** The tree of the first snapshot. */
  readonly base: string;
}

const fileName = "workspace.json";

export async function writeWorkspaceRecord(home: string, record: WorkspaceRecord): Promise<void> {
  await writeFile(join(home, `${fileName}.new`), JSON.stringify(record));
  await rename(join(home, `${fileName}.new`), join(home, fileName));
}

/** Rejects with `WorkspaceGoneError`. */
export async function readWorkspaceRecord(home: string): Promise<WorkspaceRecord> {
  try {
    const record = JSON.parse(await readFile(join(home, fileName), "utf8")) as Partial<WorkspaceRecord>;
    if (record.version === 1 && record.original !== undefined && typeof record.base === "string") return record as WorkspaceRecord;
    throw new WorkspaceGoneError(home, "its record is none of this version");
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    if (["ENOENT", "ENOTDIR"].includes(code)) throw new WorkspaceGoneError(home, "it was removed");
    if (error instanceof SyntaxError) throw new WorkspaceGoneError(home, "its record is damaged");
    throw error;
  }
}
