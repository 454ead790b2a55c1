import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { errorOf } from "../test-support/error-of.ts";
import { contents, fingerprint, gitIn, makeRepository, writeFiles } from "../test-support/repository.ts";
import { directoryOfEachTest } from "../test-support/test-directory.ts";
import { runCommand } from "./command.ts";
import { DirectoryNotFoundError, OutsideLinkError, UnknownCheckpointError } from "./errors.ts";
import { createWorkspace, type Workspace } from "./workspace.ts";

const directory = directoryOfEachTest();
let repo: string;

beforeEach(() => {
  repo = makeRepository(join(directory.path, "repo"), { "a.txt": "a\n", "b.txt": "b\n", ".gitignore": "node_modules/\ncache/\n" });
  writeFiles(repo, { "node_modules/lib.js": "the original's\n", "new.txt": "not committed\n" });
});

const openWorkspace = (): Promise<Workspace> => createWorkspace({ repo, ignoredPaths: ["node_modules"] });

describe("checkout", () => {
  test("has the files of the checkpoint and not those of today, and is gone when disposed of", async () => {
    await using workspace = await openWorkspace();
    writeFiles(workspace.root, { "a.txt": "approved\n", "deep/c.txt": "approved\n" });
    rmSync(join(workspace.root, "b.txt"));
    const expected = contents(workspace.root);
    const checkpoint = await workspace.checkpoint();
    writeFiles(workspace.root, { "a.txt": "later\n", "later.txt": "later\n" });
    let root: string;
    {
      await using checkout = await workspace.checkout(checkpoint);
      ({ root } = checkout);
      expect(contents(root)).toEqual(expected);
      expect(gitIn(root, "log", "--format=%s").trim()).toBe("first");
      expect(gitIn(root, "status", "--porcelain").trimEnd().split("\n")).toEqual([" M a.txt", " D b.txt", "?? deep/", "?? new.txt"]);
      expect(gitIn(root, "remote")).toBe("");
    }
    expect(existsSync(root)).toBe(false);
  });

  test("has ignored paths from the original, and nothing ignored that an agent left", async () => {
    await using workspace = await openWorkspace();
    writeFiles(workspace.root, { "node_modules/lib.js": "forged\n", "node_modules/more.js": "forged\n", "cache/x": "left over\n" });
    await using checkout = await workspace.checkout(await workspace.checkpoint());
    expect(readFileSync(join(checkout.root, "node_modules/lib.js"), "utf8")).toBe("the original's\n");
    expect(existsSync(join(checkout.root, "node_modules/more.js"))).toBe(false);
    expect(existsSync(join(checkout.root, "cache"))).toBe(false);
  });

  test("is what the original is with the patch of the checkpoint, also when somebody committed there since", async () => {
    await using workspace = await openWorkspace();
    writeFiles(workspace.root, { "a.txt": "approved\n" });
    const checkpoint = await workspace.checkpoint();
    const original = fingerprint(repo);
    await using checkout = await workspace.checkout(checkpoint);
    await runCommand({ command: "git add -A; git commit -qm work; git gc -q; git push; true", cwd: checkout.root });
    expect(fingerprint(repo)).toEqual(original);
    gitIn(repo, "commit", "--quiet", "--allow-empty", "--message=second");
    await using later = await workspace.checkout(checkpoint);
    expect(gitIn(later.root, "log", "--format=%s").trim()).toBe("first");
    expect(readFileSync(join(later.root, "a.txt"), "utf8")).toBe("approved\n");
  });

  test.each([
    ["absolutely", (root: string) => join(root, "cache")],
    ["by climbing", () => "../../outside"],
    ["over another link", () => "deep/in/top/../.."],
  ])("refuses a link of an agent that leads out %s", async (_how, target) => {
    await using workspace = await openWorkspace();
    mkdirSync(join(workspace.root, "deep/in"), { recursive: true });
    symlinkSync("../..", join(workspace.root, "deep/in/top"));
    symlinkSync(target(workspace.root), join(workspace.root, "way-out"));
    const error = await errorOf(workspace.checkout(await workspace.checkpoint()));
    expect(error).toBeInstanceOf(OutsideLinkError);
    expect(error).toMatchObject({ link: "way-out", message: expect.stringContaining("make it a relative link to something inside") });
  });

  test("goes with its workspace, also one that is just being made", async () => {
    const workspace = await openWorkspace();
    const checkpoint = await workspace.checkpoint();
    const { root } = await workspace.checkout(checkpoint);
    const making = workspace.checkout(checkpoint);
    await workspace.remove();
    expect(existsSync(root)).toBe(false);
    expect(existsSync((await making).root)).toBe(false);
  });

  test("rejects for what is no checkpoint, for an aborted signal, and after the workspace is gone", async () => {
    const workspace = await openWorkspace();
    const checkpoint = await workspace.checkpoint();
    expect(await errorOf(workspace.checkout({ tree: "0".repeat(40) }))).toBeInstanceOf(UnknownCheckpointError);
    const reason = new Error("enough");
    expect(await errorOf(workspace.checkout(checkpoint, AbortSignal.abort(reason)))).toBe(reason);
    await workspace.remove();
    expect(await errorOf(workspace.checkout(checkpoint))).toBeInstanceOf(DirectoryNotFoundError);
  });
});
