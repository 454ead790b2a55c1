import { isUtf8 } from "node:buffer";
import { constants } from "node:fs";
import { chmod, type FileHandle, lstat, mkdir, open, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { ToolError } from "@orgtree/core";
import { EditLog, hashOf } from "./edit-log.ts";
import { WorkspacePathError } from "./errors.ts";
import type { OneAtATime } from "./one-at-a-time.ts";
import type { Timer } from "./timer.ts";
import type { Workspace } from "./workspace.ts";
import { resolveInWorkspace } from "./workspace-path.ts";

/** Largest file that the tools read or write, in bytes. */
export const maxFileBytes = 2 * 1024 * 1024;

/** How far a NUL is looked for; git looks as far. */
const sniffBytes = 8_000;

/** A file as a tool reaches it: its tool is named in every error. */
export interface WorkspaceFile {
  readonly tool: string;
  readonly workspace: Workspace;
  /** As the model gave it. */
  readonly path: string;
}

/** What the tools of one workspace share. */
export interface FileToolSetting {
  readonly workspace: Workspace;
  /** Two writers of one file would lose each other's changes, so they stand in line. */
  readonly inTurn: OneAtATime;
  readonly clock: Timer | undefined;
}

/** The text of a file, to be looked at: what is not UTF-8 in it is replaced by U+FFFD. Throws `ToolError`, worded for the model, for what cannot be read as text. */
export async function readText(file: WorkspaceFile): Promise<string> {
  return (await readBytes(file)).toString("utf8");
}

/** The text of a file, to be written back: it must be UTF-8 throughout. */
export async function readExactText(file: WorkspaceFile): Promise<string> {
  const bytes = await readBytes(file);
  if (!isUtf8(bytes)) throw problem(file, "is not text in UTF-8, so it cannot be changed in part");
  return bytes.toString("utf8");
}

async function readBytes(file: WorkspaceFile): Promise<Buffer> {
  const bytes = await withFile(file, constants.O_RDONLY, async (handle, size) => {
    if (size > maxFileBytes)
      throw problem(file, `has ${size} bytes, more than the ${maxFileBytes} that can be read; search_text finds lines in it`);
    return handle.readFile();
  });
  if (bytes.subarray(0, sniffBytes).includes(0)) throw problem(file, "is a binary file");
  return bytes;
}

/**
 * Makes a file of this text, with its directories, or replaces it as a whole. What is about to be done is noted first, with what the
 * tool will give back.
 */
export async function writeText(
  file: WorkspaceFile,
  text: string,
  effect: { readonly key: string; readonly output: unknown },
): Promise<void> {
  const bytes = Buffer.from(text, "utf8");
  if (bytes.length > maxFileBytes) throw problem(file, `would have ${bytes.length} bytes, more than the ${maxFileBytes} allowed`);
  const { workspace } = file;
  const real = await placeFor(file);
  const old = await statesOf(file, real);
  await editLogOf(workspace).note({ ...effect, path: relative(workspace.root, real), before: old?.hash, after: hashOf(bytes) });
  const whole = join(workspace.home, "content");
  await writeFile(whole, bytes);
  if (old !== undefined) await chmod(whole, old.mode);
  await rename(whole, real);
}

/** What a file is before it is replaced; undefined where there is none. */
async function statesOf(file: WorkspaceFile, real: string): Promise<{ readonly mode: number; readonly hash: string } | undefined> {
  if ((await lstat(real).catch(() => undefined)) === undefined) return undefined;
  return withFile(file, constants.O_RDWR, async (handle) => ({
    mode: (await handle.stat()).mode & 0o777,
    hash: hashOf(await handle.readFile()),
  }));
}

const editLogs = new WeakMap<Workspace, EditLog>();

/** What was written to a workspace, whichever of its tools did. */
export function editLogOf(workspace: Workspace): EditLog {
  let log = editLogs.get(workspace);
  if (log === undefined) editLogs.set(workspace, (log = new EditLog(join(workspace.home, "edits"))));
  return log;
}

/** The hash of a file as it is; undefined where there is none. */
export async function hashInWorkspace({ root }: Workspace, path: string): Promise<string | undefined> {
  try {
    return hashOf(await readFile(join(root, path)));
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
}

/** A mistake the model can correct. */
export function problem({ tool, path }: WorkspaceFile, text: string): ToolError {
  return new ToolError(tool, "invalid-input", { message: `${path} ${text}` });
}

async function withFile<T>(file: WorkspaceFile, flags: number, use: (handle: FileHandle, size: number) => Promise<T>): Promise<T> {
  const handle = await openInside(file, flags);
  try {
    const stats = await handle.stat();
    if (!stats.isFile()) throw problem(file, stats.isDirectory() ? "is a directory" : "is no plain file");
    return await use(handle, stats.size);
  } finally {
    await handle.close();
  }
}

/** What is written where git does not look would be in no patch, and no check would see it. */
async function refuseUnseen({ tool, path, workspace }: WorkspaceFile, real: string): Promise<void> {
  const place = relative(workspace.root, real);
  if (!(await workspace.acceptsPath(place))) {
    const message = `${path} may not be written: git keeps no file of that name; choose a name that is not like .git`;
    throw new ToolError(tool, "forbidden", { message });
  }
  const rule = await workspace.ignoreRule(place);
  if (rule === undefined) return;
  const why = `the repository ignores it (rule ${rule}), so that it would be in no patch and in no check`;
  throw new ToolError(tool, "forbidden", { message: `${path} may not be written: ${why}; write to a path that is not ignored` });
}

/** Where a file is to be written, with its directories. */
async function placeFor(file: WorkspaceFile): Promise<string> {
  try {
    const real = await resolveInWorkspace(file.workspace.root, file.path);
    await refuseUnseen(file, real);
    await mkdir(dirname(real), { recursive: true });
    return real;
  } catch (error) {
    throw explain(file, error);
  }
}

async function openInside(file: WorkspaceFile, flags: number): Promise<FileHandle> {
  try {
    const real = await resolveInWorkspace(file.workspace.root, file.path);
    // Links are resolved already: one that is there now was put there since. Without NONBLOCK a pipe would hold a thread for ever.
    return await open(real, flags | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    throw explain(file, error);
  }
}

/** In words for the model, where it can do something about it. */
function explain(file: WorkspaceFile, error: unknown): unknown {
  if (error instanceof WorkspacePathError) return new ToolError(file.tool, "forbidden", { message: error.message, cause: error });
  switch ((error as NodeJS.ErrnoException).code) {
    case "ENOENT":
      return problem(file, "does not exist; list_files tells what is there");
    case "EISDIR":
      return problem(file, "is a directory");
    case "ENOTDIR":
    case "EEXIST":
      return problem(file, "has a file where a directory should be");
    case "ENXIO":
      return problem(file, "is no plain file");
    case "EACCES":
    case "EPERM":
      return problem(file, "may not be opened: permission denied");
    default:
      return error;
  }
}
