import { lstat, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Largest file that is looked at, in bytes: launchers, path files and notes of pip are all small. */
const maxFileBytes = 256 * 1024;

/** Where a virtualenv was, and where it is: the tops of the two repositories. */
export interface Move {
  readonly from: string;
  readonly to: string;
}

/**
 * Makes a copied Python virtualenv work from its new place.
 *
 * Its programs begin with the absolute path of its interpreter, and packages installed with `pip install --editable` are named by
 * absolute paths: unchanged, a check in the copy would test the original. Every mention of the old repository in those files is
 * replaced. Paths in other files, and virtualenvs that lie outside of the repository, stay as they are.
 */
export async function relocateVirtualenv(directory: string, move: Move): Promise<void> {
  const libraries = await sitePackages(directory);
  const places = [directory, join(directory, "bin"), ...libraries];
  for (const library of libraries) {
    for (const name of await namesIn(library)) if (name.endsWith(".dist-info")) places.push(join(library, name));
  }
  for (const place of places) for (const name of await namesIn(place)) await rewrite(join(place, name), move);
}

async function sitePackages(directory: string): Promise<string[]> {
  const versions = await namesIn(join(directory, "lib"));
  return versions.map((version) => join(directory, "lib", version, "site-packages"));
}

async function rewrite(file: string, { from, to }: Move): Promise<void> {
  const stats = await lstat(file);
  if (!stats.isFile() || stats.size > maxFileBytes) return;
  const bytes = await readFile(file);
  if (bytes.includes(0)) return;
  // Bytes as latin1, so that whatever the encoding is comes back as it was.
  const [old, fresh] = [from, to].map((path) => Buffer.from(path).toString("latin1")) as [string, string];
  const text = bytes.toString("latin1");
  // Not a longer name that begins like it.
  const moved = text.split(old).reduce((all, part) => `${all}${/^[\w.-]/.test(part) ? old : fresh}${part}`);
  if (moved !== text) await writeFile(file, moved, "latin1");
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR") return [];
    throw error;
  }
}
