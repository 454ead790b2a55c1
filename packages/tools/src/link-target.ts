/**
 * Symbolic links of a repository, when it is copied. What is written through a link that leads out of the copy changes something that
 * is not the copy: the original itself, at worst.
 */
import { readlink, realpath } from "node:fs/promises";
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { OutsideLinkError } from "./errors.ts";

/** Links followed from one to the next before they are taken to lead nowhere; Linux has the same limit. */
const maxHops = 40;

/**
 * What a link of the original has to say in a copy, to lead to the same place of the copy: links that name a place in the original
 * absolutely, or by going out and in again, become relative. Gives undefined for a link that leads out of the original.
 */
export async function targetInCopy(root: string, path: string): Promise<string | undefined> {
  const place = join(root, path);
  const target = await readlink(place);
  if (!isAbsolute(target) && !climbsOut(dirname(path), target)) return target;
  const meant = resolve(dirname(place), target);
  const inside = pathInside(root, meant) ?? pathInside(root, await realpath(meant).catch(() => meant));
  return inside === undefined ? undefined : relative(dirname(path), inside) || ".";
}

/** What a link names absolutely. */
export async function absoluteTarget(root: string, path: string): Promise<string> {
  return resolve(dirname(join(root, path)), await readlink(join(root, path)));
}

/** Throws `OutsideLinkError` when one of these links of a copy leads out of it, by itself or over other links. */
export async function checkLinksStayInside(root: string, links: readonly string[]): Promise<void> {
  for (const path of links) {
    if (await leadsOut(root, path)) throw new OutsideLinkError(path, await readlink(join(root, path)));
  }
}

/** Follows a path as the system would, whether or not there is something in the end. */
async function leadsOut(root: string, path: string): Promise<boolean> {
  const at: string[] = [];
  const rest = path.split("/");
  for (let hops = 0; rest.length > 0;) {
    const part = rest.shift()!;
    if (part === "" || part === ".") continue;
    if (part === "..") {
      if (at.length === 0) return true;
      at.pop();
      continue;
    }
    const target = await linkAt(join(root, ...at, part));
    if (target === undefined) at.push(part);
    else if (isAbsolute(target)) return true;
    else if (++hops > maxHops) return false;
    else rest.unshift(...target.split("/"));
  }
  return false;
}

async function linkAt(path: string): Promise<string | undefined> {
  try {
    return await readlink(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "EINVAL" || code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw error;
  }
}

function climbsOut(directory: string, target: string): boolean {
  let depth = directory === "." ? 0 : directory.split("/").length;
  for (const part of target.split("/")) {
    if (part === "..") depth -= 1;
    else if (part !== "" && part !== ".") depth += 1;
    if (depth < 0) return true;
  }
  return false;
}

function pathInside(root: string, path: string): string | undefined {
  const within = relative(root, path);
  return within === ".." || within.startsWith(`..${sep}`) || isAbsolute(within) ? undefined : within;
}
