import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { ExpectedError, isOrganization, type ModelClient, type Organization } from "orgtree";
import type { Surroundings } from "../surroundings.ts";
import { UsageError } from "../input/usage-error.ts";

/** A file of the user's, imported. */
export interface LoadedFile {
  /** As the user wrote it. */
  readonly path: string;
  readonly exports: Readonly<Record<string, unknown>>;
}

/** What a file may export beside its organization, so that it can be tried without a repository and without a key. */
export interface Demo {
  readonly task: string;
  /** What an organization that works on a repository is given; none for any other. */
  readonly bundle: Bundle | undefined;
  /** A model that plays a script. Each of its answers takes `thinkMs`. */
  readonly script: (thinkMs: number) => ModelClient;
}

/** A repository that a file brings along. */
export interface Bundle {
  /** A directory of files; a copy of it becomes the repository. */
  readonly files: URL;
  readonly check: string;
}

/** A file of the user's cannot be imported. The cause is what it threw. */
export class ImportError extends ExpectedError {
  override readonly name = "ImportError";
  readonly retryable = false;
  readonly file: string;

  constructor(file: string, problem: string, cause: unknown) {
    super(`cannot import ${file}: ${problem}`, { cause });
    this.file = file;
  }
}

type ImportSurroundings = Pick<Surroundings, "cwd" | "versions" | "importModule">;

/**
 * Imports a file by its path; rejects with `UsageError` when there is none, with `ImportError` when it cannot be imported. `what` it is to
 * export.
 */
export async function importFile(path: string, surroundings: ImportSurroundings, what = "your organization"): Promise<LoadedFile> {
  const { cwd, versions, importModule } = surroundings;
  const absolute = resolve(cwd, path);
  const found = await stat(absolute).catch(nothingThere);
  if (found === undefined) throw new UsageError(`there is no file ${path}`, `name the file that exports ${what}`);
  if (found.isDirectory()) throw new UsageError(`${path} is a directory`, "name a file in it");
  try {
    return { path, exports: await importModule(pathToFileURL(absolute).href) };
  } catch (error) {
    throw new ImportError(path, explainImportFailure(error, versions.node), error);
  }
}

/** The organization that a file exports as its default; throws `UsageError` when there is none. */
export function organizationOf(file: LoadedFile): Organization {
  const { default: exported } = file.exports;
  if (isOrganization(exported)) return exported;
  const named = Object.keys(file.exports).find((name) => isOrganization(file.exports[name]));
  const remedy =
    named === undefined ? "write export default organization({ … })" : `its export ${named} is one: write export default ${named}`;
  throw new UsageError(`${file.path} has no organization as its default export`, remedy);
}

/** The demo that a file exports beside its organization; throws `UsageError` when it is malformed. */
export function demoOf(file: LoadedFile, { name, worksOn }: Organization): Demo | undefined {
  const { demo } = file.exports;
  if (demo === undefined) return undefined;
  const { files, check, task, script } = (demo ?? {}) as Partial<Record<string, unknown>>;
  const isDemo = typeof task === "string" && typeof script === "function";
  const bundle = files instanceof URL && typeof check === "string" ? { files, check } : undefined;
  const needsBundle = worksOn === "repository";
  if (isDemo && (bundle !== undefined || !needsBundle)) {
    if (!needsBundle && (files !== undefined || check !== undefined))
      throw new UsageError(`${name} works on its task alone, and has no use for the files and the check of its demo`, "leave them out");
    return { task, script: script as Demo["script"], bundle };
  }
  const parts = needsBundle ? "files: URL, check: string, task: string" : "task: string";
  throw new UsageError(`the demo of ${file.path} is not complete`, `it is { ${parts}, script: (thinkMs) => ModelClient }`);
}

/** Why an import failed, in words, with the place in the user's file where Node tells it. */
export function explainImportFailure(error: unknown, nodeVersion: string): string {
  if (!(error instanceof Error)) return `it threw ${String(error)}`;
  const { code } = error as NodeJS.ErrnoException;
  if (code === "ERR_UNKNOWN_FILE_EXTENSION" && /\.[mc]?ts\b/.test(error.message)) {
    return `Node ${nodeVersion} does not run TypeScript; use Node 22.18 or newer, or name a JavaScript file`;
  }
  const missing = code === "ERR_MODULE_NOT_FOUND" ? /^Cannot find package '([^']+)'/.exec(error.message)?.[1] : undefined;
  if (missing !== undefined) return `${error.message}; ${remedyForMissing(missing)}`;
  const place = /(?:file:\/\/|\(|^| )(\/[^\s():]+:\d+)(?::\d+)?/m.exec(error.stack ?? "")?.[1];
  const where = place === undefined || error instanceof ExpectedError ? "" : ` (${place})`;
  const kind = error instanceof ExpectedError || error.name === "Error" ? "" : `${error.name}: `;
  return `${kind}${error.message}${where}`;
}

/** Node looks for packages beside the file that imports them, not beside this program. */
function remedyForMissing(name: string): string {
  const isOurs = name === "orgtree" || name.startsWith("@orgtree/");
  // From its source this program runs in a clone only.
  if (!isOurs || !import.meta.url.endsWith(".ts")) return `install it where the file is: npm install ${name}`;
  const clone = fileURLToPath(new URL("../../../../", import.meta.url));
  const link = `mkdir -p node_modules && ln -s ${clone}packages/orgtree node_modules/`;
  return `it is not published yet: move the file into the clone, ${clone}, or link the package where the file is: ${link}`;
}

function nothingThere(error: unknown): undefined {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== "ENOENT" && code !== "ENOTDIR") throw error;
  return undefined;
}
