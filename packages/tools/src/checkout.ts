import { mkdir, mkdtemp, realpath } from "node:fs/promises";
import { join } from "node:path";
import { copyIgnored } from "./copy-ignored.ts";
import { openHistory } from "./copy-repository.ts";
import { checkDirectory, removeDirectory } from "./directory.ts";
import { checkLinksStayInside } from "./link-target.ts";
import type { OriginalRepository } from "./original-repository.ts";
import { tryPatch } from "./patch-trial.ts";
import type { Snapshots } from "./snapshots.ts";

/** A fresh copy of a repository in one of its states, for a check to run in. Disposing of it removes it. */
export interface Checkout extends AsyncDisposable {
  /** The top of the copy, with all links resolved. */
  readonly root: string;
}

/** How the directories of checkouts begin. */
export const checkoutPrefix = "orgtree-checkout-";

/** Which state to check out, and what else the copy needs. */
export interface CheckoutRequest {
  readonly original: OriginalRepository;
  /** A copy of its history. */
  readonly history: string;
  readonly snapshots: Snapshots;
  readonly tree: string;
  /** That of the tree. */
  readonly patch: string;
  /** An existing directory in which the copy's own is made. */
  readonly parentDir: string;
  readonly ignoredPaths: readonly string[];
  readonly signal: AbortSignal | undefined;
}

/**
 * Makes a copy of the original with the files of a snapshot in place of its own, which are what git makes of the patch there: that is
 * tried. Nothing is left behind when that fails.
 */
export async function makeCheckout(request: CheckoutRequest): Promise<Checkout> {
  const { original, snapshots, tree, signal } = request;
  await checkDirectory(snapshots.root);
  const home = await realpath(await mkdtemp(join(request.parentDir, checkoutPrefix)));
  try {
    const root = join(home, "files");
    await openHistory(original, { history: request.history, to: root, signal });
    await snapshots.writeFiles(tree, root, signal);
    await checkLinksStayInside(root, await snapshots.links(tree));
    const trial = join(home, "trial");
    await mkdir(trial);
    await tryPatch({ ...request, directory: trial });
    await removeDirectory(trial);
    await copyIgnored(original, root, request.ignoredPaths);
    return { root, [Symbol.asyncDispose]: () => removeDirectory(home) };
  } catch (error) {
    await removeDirectory(home);
    throw error;
  }
}
