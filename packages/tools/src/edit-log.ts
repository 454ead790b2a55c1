/**
 * What was written to the files of a workspace, in a directory beside the copy.
 *
 * Invariants
 *   E1. An edit is noted before its file is replaced, and a file is replaced as a whole: after a crash it is the old one or the new one.
 *   E2. An edit that comes again under its key is told from the file: it is done, or it is to be done, or somebody else was at it.
 */
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { WorkspaceChangedError } from "./errors.ts";

/** One edit of a file. */
export interface Edit {
  /** The key of its effect. */
  readonly key: string;
  /** From the top of the workspace. */
  readonly path: string;
  /** Hash of the file before; undefined where there was none. */
  readonly before: string | undefined;
  readonly after: string;
  /** What the tool gave back. */
  readonly output: unknown;
}

interface NumberedEdit extends Edit {
  readonly number: number;
}

/** The edits of one workspace. One at a time: whoever writes files stands in line. */
export class EditLog {
  readonly #directory: string;
  #edits: Promise<Map<string, NumberedEdit>> | undefined;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** The edit of an effect that was begun before; undefined where there was none. */
  async find(key: string): Promise<Edit | undefined> {
    return (await this.#load()).get(nameOf(key));
  }

  /** Notes an edit that is about to be made. */
  async note(edit: Edit): Promise<void> {
    const edits = await this.#load();
    const numbered = { ...edit, number: edits.size };
    const path = join(this.#directory, `${nameOf(edit.key)}.json`);
    await writeFile(`${path}.new`, JSON.stringify(numbered));
    await rename(`${path}.new`, path);
    edits.set(nameOf(edit.key), numbered);
  }

  /** The newest edit of each file, by path. */
  async newest(): Promise<ReadonlyMap<string, Edit>> {
    const edits = [...(await this.#load()).values()].sort((a, b) => a.number - b.number);
    return new Map(edits.map((edit) => [edit.path, edit]));
  }

  #load(): Promise<Map<string, NumberedEdit>> {
    this.#edits ??= readEdits(this.#directory);
    return this.#edits;
  }
}

/** The hash by which files are compared. */
export function hashOf(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

/**
 * Where an edit that was begun stands, by the file as it is now: made, or still to be made. Throws `WorkspaceChangedError` when the file is
 * neither what it was nor what it was to be.
 */
export function standOf({ path, before, after }: Edit, now: string | undefined): "made" | "open" {
  if (now === after) return "made";
  if (now === before) return "open";
  throw new WorkspaceChangedError([path]);
}

function nameOf(key: string): string {
  return hashOf(key).slice(0, 32);
}

async function readEdits(directory: string): Promise<Map<string, NumberedEdit>> {
  await mkdir(directory, { recursive: true });
  const edits = new Map<string, NumberedEdit>();
  for (const name of await readdir(directory)) {
    // A note that was not finished: nothing was written to the file yet.
    if (!name.endsWith(".json")) continue;
    edits.set(name.slice(0, -".json".length), JSON.parse(await readFile(join(directory, name), "utf8")) as NumberedEdit);
  }
  return edits;
}
