/** What the system says of files without reading them, to tell whether they have changed since. */
import type { BigIntStats } from "node:fs";
import { lstat } from "node:fs/promises";

/** Stamps of a list of files. */
export interface FileStamps {
  /** Two that are the same mean the same files, but for what was written after `newestNs` and within the grain of the system's clock. */
  readonly text: string;
  /** The last time at which one of them was written. */
  readonly newestNs: bigint;
}

/** Above so many files the stamps cost more than they save. */
const mostFiles = 1_000;

/** Looks at the files; gives nothing when there are too many, or one that cannot be looked at. Paths are bytes, as latin1. */
export async function readStamps(root: string, paths: readonly string[]): Promise<FileStamps | undefined> {
  if (paths.length > mostFiles) return undefined;
  const found = await Promise.all(paths.map((path) => lookAt(Buffer.concat([Buffer.from(`${root}/`), Buffer.from(path, "latin1")]))));
  if (found.includes("unseen")) return undefined;
  const stats = found.filter((one) => typeof one === "object");
  const newestNs = stats.flatMap(({ mtimeNs, ctimeNs }) => [mtimeNs, ctimeNs]).reduce((one, other) => (one > other ? one : other), 0n);
  return { text: found.map((one, at) => `${paths[at]} ${typeof one === "object" ? stampOf(one) : one}`).join("\0"), newestNs };
}

function stampOf({ dev, ino, mode, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, mode, size, mtimeNs, ctimeNs].join(" ");
}

async function lookAt(path: Buffer): Promise<BigIntStats | "gone" | "unseen"> {
  try {
    return await lstat(path, { bigint: true });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    return code === "ENOENT" || code === "ENOTDIR" ? "gone" : "unseen";
  }
}
