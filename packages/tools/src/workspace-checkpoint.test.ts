import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { makeBusyRepository } from "../test-support/busy-repository.ts";
import { errorOf } from "../test-support/error-of.ts";
import { contents, makeRepository, writeFiles } from "../test-support/repository.ts";
import { directoryWithHomeOfEachTest } from "../test-support/test-directory.ts";
import { UnknownCheckpointError } from "./errors.ts";
import { createWorkspace } from "./workspace.ts";

const directory = directoryWithHomeOfEachTest();
let repo: string;

beforeEach(() => {
  repo = join(directory.path, "repo");
});

/** What git is asked meanwhile. */
async function gitCallsOf(work: () => Promise<unknown>): Promise<string[]> {
  const [bin, calls, path = ""] = [join(directory.path, "bin"), join(directory.path, "calls"), process.env["PATH"]];
  writeFiles(directory.path, { calls: "", "bin/git": `#!/bin/sh\necho "$*" >> '${calls}'\nPATH='${path}' exec git "$@"\n` });
  chmodSync(join(bin, "git"), 0o755);
  vi.stubEnv("PATH", `${bin}:${path}`);
  try {
    await work();
  } finally {
    vi.stubEnv("PATH", path);
  }
  return readFileSync(calls, "utf8").trimEnd().split("\n");
}

describe("checkpoint and restore", () => {
  test("ask git once while nothing changes", async () => {
    makeRepository(repo, { "a.txt": "a\n" });
    await using workspace = await createWorkspace({ repo });
    writeFiles(workspace.root, { "a.txt": "b\n", "new.txt": "new\n" });
    const checkpoint = await workspace.checkpoint();
    // What was written within the grain of the system's clock is read once more.
    await vi.waitFor(async () => {
      const calls = await gitCallsOf(async () => expect(await workspace.checkpoint()).toEqual(checkpoint));
      expect(calls).toEqual([expect.stringContaining("ls-files")]);
    });
    expect(await gitCallsOf(() => workspace.diff())).toHaveLength(2);
    expect(await gitCallsOf(() => workspace.changedFiles())).toHaveLength(1);
  });

  test("brings changed, new, deleted, renamed and retyped files back", async () => {
    makeBusyRepository(repo);
    await using workspace = await createWorkspace({ repo });
    const start = await workspace.checkpoint();
    writeFiles(workspace.root, { "src/changed.txt": "first step\n", "step.txt": "1\n" });
    const first = await workspace.checkpoint();
    const atFirst = contents(workspace.root);
    writeFiles(workspace.root, { "src/changed.txt": "second step\n", "step.txt": "2\n", "d/e/f.txt": "f\n" });
    rmSync(join(workspace.root, "src"), { recursive: true });
    writeFileSync(join(workspace.root, "src"), "a file where a directory was\n");
    rmSync(join(workspace.root, "run.sh"));
    mkdirSync(join(workspace.root, "run.sh"));
    writeFiles(workspace.root, { "run.sh/inside": "a directory where a file was\n" });
    await workspace.restore(first);
    expect(contents(workspace.root)).toEqual(atFirst);
    expect(existsSync(join(workspace.root, "d"))).toBe(false);
    await workspace.restore(start);
    expect(await workspace.diff()).toBe("");
    await workspace.restore(first);
    expect(contents(workspace.root)).toEqual(atFirst);
  });

  test("removes what a new ignore rule had hidden, and leaves ignored files", async () => {
    makeBusyRepository(repo);
    await using workspace = await createWorkspace({ repo });
    const start = await workspace.checkpoint();
    writeFiles(workspace.root, { ".gitignore": "*.log\nhidden.txt\n", "hidden.txt": "hidden\n", "build.log": "log\n" });
    await workspace.restore(start);
    expect(existsSync(join(workspace.root, "hidden.txt"))).toBe(false);
    expect(existsSync(join(workspace.root, "build.log"))).toBe(true);
  });

  test("puts a file back where an ignored directory stands", async () => {
    makeRepository(repo, { out: "a file\n", "a.txt": "a\n" });
    await using workspace = await createWorkspace({ repo });
    const start = await workspace.checkpoint();
    rmSync(join(workspace.root, "out"));
    writeFiles(workspace.root, { ".gitignore": "out/\n", "out/x": "ignored\n" });
    await workspace.restore(start);
    expect(readFileSync(join(workspace.root, "out"), "utf8")).toBe("a file\n");
  });

  test("keeps exact bytes where attributes would convert them", async () => {
    makeRepository(repo, { ".gitattributes": "*.txt text eol=crlf ident\n", "a.txt": "$Id$\nx\n" });
    await using workspace = await createWorkspace({ repo });
    const start = await workspace.checkpoint();
    writeFiles(workspace.root, { "a.txt": "y\n" });
    await workspace.restore(start);
    expect(readFileSync(join(workspace.root, "a.txt"), "utf8")).toBe("$Id$\nx\n");
  });

  test("is plain data, and of use to its own workspace only", async () => {
    makeRepository(repo, { "a.txt": "a\n" });
    await using one = await createWorkspace({ repo });
    await using two = await createWorkspace({ repo });
    writeFiles(one.root, { "a.txt": "b\n" });
    const checkpoint = JSON.parse(JSON.stringify(await one.checkpoint())) as { tree: string };
    await one.restore(checkpoint);
    expect(await errorOf(two.restore(checkpoint))).toBeInstanceOf(UnknownCheckpointError);
    for (const tree of ["", "HEAD", "--help", "0".repeat(40)])
      expect(await errorOf(two.restore({ tree }))).toBeInstanceOf(UnknownCheckpointError);
  });

  test("takes calls that come at once in their order", async () => {
    makeRepository(repo, { "a.txt": "a\n" });
    await using workspace = await createWorkspace({ repo });
    writeFiles(workspace.root, { "a.txt": "b\n" });
    const start = workspace.checkpoint();
    const results = await Promise.all([
      workspace.diff(),
      start.then((it) => workspace.restore(it)),
      workspace.diff(),
      workspace.changedFiles(),
    ]);
    expect(results[0]).toBe(results[2]);
    expect(results[3]).toHaveLength(1);
  });
});
