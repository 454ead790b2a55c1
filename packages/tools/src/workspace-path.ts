import { lstat, realpath } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { WorkspacePathError } from "./errors.ts";

const maxPathLength = 4_096;

/**
 * Where a path inside of a workspace really is, all links followed; the file itself need not exist.
 *
 * The path is model output: absolute paths, `..`, anything in a `.git`, and links that lead out are refused with
 * `WorkspacePathError`. The check holds for the moment it is made; a command that runs meanwhile can still move things.
 *
 * `root` must be free of links itself, as `workspace.root` is.
 */
export async function resolveInWorkspace(root: string, path: string): Promise<string> {
  checkText(path);
  const real = await resolveLinks(path, join(root, path));
  const within = relative(root, real);
  if (within === ".." || within.startsWith(`..${sep}`)) throw new WorkspacePathError(path, "leads out of the workspace through a link");
  if (touchesGit(within)) throw new WorkspacePathError(path, "is in .git, which is off limits");
  return real;
}

function checkText(path: string): void {
  if (path === "" || path.length > maxPathLength)
    throw new WorkspacePathError(path.slice(0, 100), `must have 1 to ${maxPathLength} characters`);
  if (path.includes("\0")) throw new WorkspacePathError(path, "contains a NUL");
  if (path.startsWith("/") || /^[A-Za-z]:[\\/]/.test(path)) throw new WorkspacePathError(path, "is absolute");
  if (path.split(/[\\/]/).includes("..")) throw new WorkspacePathError(path, "contains ..");
  if (touchesGit(path)) throw new WorkspacePathError(path, "is in .git, which is off limits");
}

/** In any case of letters, since some file systems do not tell them apart. */
function touchesGit(path: string): boolean {
  return path.split(/[\\/]/).some((part) => part.toLowerCase() === ".git");
}

/** The real place of the nearest part that exists, with the rest behind it. */
async function resolveLinks(path: string, target: string): Promise<string> {
  try {
    return await realpath(target);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ELOOP") throw new WorkspacePathError(path, "is a link that leads to itself");
    if (code === "ENOTDIR") throw new WorkspacePathError(path, "has a file where a directory should be");
    if (code === "ENAMETOOLONG") throw new WorkspacePathError(path.slice(0, 100), "has a name that is too long");
    if (code !== "ENOENT") throw error;
  }
  // A link to nothing: what is written through it would appear wherever it points.
  if (await isLink(target)) throw new WorkspacePathError(path, "is a link that leads nowhere");
  return join(await resolveLinks(path, dirname(target)), target.slice(dirname(target).length));
}

async function isLink(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isSymbolicLink();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}
