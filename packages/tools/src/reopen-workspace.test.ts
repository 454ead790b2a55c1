/** A workspace whose process has ended, and what another one finds of it. */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { mkdir, readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ToolContext } from "@orgtree/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { makeRepository } from "../test-support/repository.ts";
import { temporaryDirectory } from "../test-support/temporary-directory.ts";
import { hashOf } from "./edit-log.ts";
import { foreignChanges } from "./foreign-changes.ts";
import { createWorkspace, reopenWorkspace, type Workspace } from "./workspace.ts";
import { workspaceTools } from "./workspace-tools.ts";

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let workspace: Workspace;

beforeEach(async () => {
  directory = await temporaryDirectory();
  const repo = makeRepository(join(directory.path, "repo"), { "a.txt": "one two", "run.sh": "#!/bin/sh\n" });
  workspace = await createWorkspace({ repo, parentDir: directory.path });
});
afterEach(() => directory[Symbol.asyncDispose]());

const context = (key: string): ToolContext => ({ key, signal: new AbortController().signal });
const edit = { path: "a.txt", oldText: "two", newText: "two three" };
const textOf = (path: string): string => readFileSync(join(workspace.root, path), "utf8");
const replace = (of: Workspace, key: string, input: object = edit): Promise<unknown> =>
  workspaceTools(of).replaceText.run(input, context(key));

describe("reopenWorkspace", () => {
  test("has the same files, start and checkpoints", async () => {
    await replace(workspace, "/a#1.0");
    const checkpoint = await workspace.checkpoint();
    const patch = await workspace.diff();
    const again = await reopenWorkspace(workspace.home);
    expect(again).toMatchObject({ root: workspace.root, repo: workspace.repo, home: workspace.home });
    expect(await again.diff()).toBe(patch);
    expect(await again.diff(checkpoint)).toBe(patch);
    expect(await again.checkpoint()).toEqual(checkpoint);
    await using checkout = await again.checkout(checkpoint);
    expect(readFileSync(join(checkout.root, "a.txt"), "utf8")).toBe("one two three");
  });

  test("removes what the process left half done", async () => {
    const left = ["snapshots/index-1", "snapshots/index.lock", "orgtree-checkout-x/files/a.txt"].map((name) => join(workspace.home, name));
    for (const file of left) {
      await mkdir(join(file, ".."), { recursive: true });
      await writeFile(file, "");
    }
    const again = await reopenWorkspace(workspace.home);
    expect(left.filter((file) => existsSync(file))).toEqual([]);
    expect(await again.diff()).toBe("");
  });

  test.each([
    { what: "it is gone", remove: "." },
    { what: "it was never whole", remove: "workspace.json" },
    { what: "its files are gone", remove: "files" },
    { what: "its snapshots are gone", remove: "snapshots" },
  ])("says that $what", async ({ remove }) => {
    rmSync(join(workspace.home, remove), { recursive: true });
    await expect(reopenWorkspace(workspace.home)).rejects.toMatchObject({ name: "WorkspaceGoneError", path: workspace.home });
  });
});

describe("an edit whose process ended", () => {
  test("is known to be made, though nobody heard of it", async () => {
    const output = await replace(workspace, "/a#1.0");
    const again = await reopenWorkspace(workspace.home);
    expect(await replace(again, "/a#1.0")).toEqual(output);
    expect(textOf("a.txt")).toBe("one two three");
  });

  test("is made when it was noted and its file is still the old one", async () => {
    await replace(workspace, "/a#1.0");
    writeFileSync(join(workspace.root, "a.txt"), "one two");
    const again = await reopenWorkspace(workspace.home);
    await replace(again, "/a#1.0");
    expect(textOf("a.txt")).toBe("one two three");
  });

  test("is refused when the file is neither what it was nor what it was to be", async () => {
    await replace(workspace, "/a#1.0");
    writeFileSync(join(workspace.root, "a.txt"), "one two three four");
    const again = await reopenWorkspace(workspace.home);
    await expect(replace(again, "/a#1.0")).rejects.toThrow("the workspace was changed while nobody worked in it: a.txt");
  });

  test("is known to be made under what another has written on top of it", async () => {
    const output = await replace(workspace, "/a#1.0");
    await replace(workspace, "/b#1.0", { path: "a.txt", oldText: "three", newText: "3" });
    expect(await replace(await reopenWorkspace(workspace.home), "/a#1.0")).toEqual(output);
    expect(textOf("a.txt")).toBe("one two 3");
  });

  test("leaves the mode of a file, and no other file beside it", async () => {
    const file = join(workspace.root, "run.sh");
    const { mode } = await stat(file);
    await workspaceTools(workspace).writeFile.run({ path: "run.sh", content: "#!/bin/sh\ntrue\n" }, context("/a#1.0"));
    expect((await stat(file)).mode).toBe(mode);
    expect((await readdir(workspace.root)).toSorted()).toEqual([".git", "a.txt", "run.sh"]);
  });
});

describe("foreignChanges", () => {
  test("are those that the workspace's tools have not made", async () => {
    await replace(workspace, "/a#1.0");
    await workspaceTools(workspace).writeFile.run({ path: "new.txt", content: "mine" }, context("/a#2.0"));
    const again = await reopenWorkspace(workspace.home);
    expect(await foreignChanges(again)).toEqual([]);
    writeFileSync(join(workspace.root, "new.txt"), "theirs");
    writeFileSync(join(workspace.root, "other.txt"), "theirs");
    rmSync(join(workspace.root, "run.sh"));
    expect(await foreignChanges(again)).toEqual(["new.txt", "other.txt", "run.sh"]);
  });

  test("are none where a process ended between the note of an edit and the edit", async () => {
    await replace(workspace, "/a#1.0");
    writeFileSync(join(workspace.root, "a.txt"), "one two");
    expect(await foreignChanges(await reopenWorkspace(workspace.home))).toEqual([]);
    expect(hashOf("one two")).toHaveLength(64);
  });
});

describe("createWorkspace", () => {
  test("removes what killed processes have left there, but for what a journal needs", async () => {
    const owner = JSON.parse(readFileSync(join(workspace.home, "owner.json"), "utf8")) as object;
    const journal = join(directory.path, "run.journal");
    await writeFile(journal, "");
    const make = async (name: string, facts: object): Promise<string> => {
      const home = join(directory.path, `orgtree-workspace-${name}`);
      await mkdir(home);
      await writeFile(join(home, "owner.json"), JSON.stringify({ ...owner, ...facts }));
      return home;
    };
    const dead = { pid: 2 ** 22 + 1 };
    const homes = [await make("dead", dead), await make("needed", { ...dead, journal }), await make("alive", {})];
    await createWorkspace({ repo: workspace.repo, parentDir: directory.path });
    expect(homes.map((home) => existsSync(home))).toEqual([false, true, true]);
    await rm(journal);
    await createWorkspace({ repo: workspace.repo, parentDir: directory.path });
    expect(homes.map((home) => existsSync(home))).toEqual([false, false, true]);
  });
});
