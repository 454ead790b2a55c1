/**
 * What a user's node_modules would hold: a package with everything that it depends on, read from the workspace's own
 * installation. Needs no network. The packages of this repository count as npm would pack them.
 */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../..", import.meta.url));

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
}

/** How many packages an installation of `name` brings, and how big they are on disk. */
export async function installedSize(name: string): Promise<{ done: number; packages: number; megabytes: number }> {
  const found = new Set<string>();
  await gather(join(root, "node_modules", name), found);
  let bytes = 0;
  for (const directory of found) bytes += directory.includes("node_modules") ? await bytesOf(directory) : await packedBytes(directory);
  return { done: 1, packages: found.size, megabytes: bytes / 1e6 };
}

async function gather(path: string, found: Set<string>): Promise<void> {
  const directory = await realpath(path);
  if (found.has(directory)) return;
  found.add(directory);
  const manifest = JSON.parse(await readFile(join(directory, "package.json"), "utf8")) as Manifest;
  for (const name of Object.keys(manifest.dependencies ?? {})) await gather(locate(name, directory)!, found);
  const isRequired = (name: string): boolean => manifest.peerDependenciesMeta?.[name]?.optional !== true;
  const perhaps = [...Object.keys(manifest.optionalDependencies ?? {}), ...Object.keys(manifest.peerDependencies ?? {}).filter(isRequired)];
  for (const name of perhaps) {
    const place = locate(name, directory);
    if (place !== undefined) await gather(place, found);
  }
}

/** Where Node would find a package from there. */
function locate(name: string, from: string): string | undefined {
  for (let directory = from; directory.startsWith(root.slice(0, -1)); directory = dirname(directory)) {
    const place = join(directory, "node_modules", name);
    if (existsSync(place)) return place;
  }
  return undefined;
}

async function bytesOf(directory: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) bytes += entry.name === "node_modules" ? 0 : await bytesOf(path);
    else if (entry.isFile()) bytes += (await stat(path)).size;
  }
  return bytes;
}

async function packedBytes(directory: string): Promise<number> {
  const { stdout } = await run("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], { cwd: directory });
  const packed = JSON.parse(stdout) as { readonly unpackedSize: number }[] | Record<string, { readonly unpackedSize: number }>;
  return Object.values(packed)[0]!.unpackedSize;
}
