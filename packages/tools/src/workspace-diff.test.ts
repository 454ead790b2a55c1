import { execFileSync } from "node:child_process";
import { chmodSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { makeBusyRepository, withoutIgnored } from "../test-support/busy-repository.ts";
import { errorOf } from "../test-support/error-of.ts";
import { contents, gitIn, makeRepository, writeFiles } from "../test-support/repository.ts";
import { directoryWithHomeOfEachTest } from "../test-support/test-directory.ts";
import { UnknownCheckpointError } from "./errors.ts";
import { runCommand } from "./command.ts";
import { createWorkspace } from "./workspace.ts";

const directory = directoryWithHomeOfEachTest();
let repo: string;

beforeEach(() => {
  repo = join(directory.path, "repo");
});

describe("diff", () => {
  test("applies to the original's work tree and makes it the same", async () => {
    makeBusyRepository(repo);
    await using workspace = await createWorkspace({ repo });
    writeFiles(workspace.root, {
      "src/changed.txt": "one\nTWO\nTHREE, without an end",
      "binary.dat": Buffer.from([0, 9, 9, 9, 255, 0, 1]),
      "new-binary.dat": Buffer.from([0, 255, 0]),
      "created/deep/x.txt": "created\n",
      "empty.txt": "",
      "more.log": "ignored\n",
      "tracked.log": "tracked, so not ignored\n",
      "latin1.txt": Buffer.from("na\xefve\n", "latin1"),
      "bom.txt": "\uFEFFbom\r\ncrlf\r\n",
    });
    rmSync(join(workspace.root, "new.txt"));
    chmodSync(join(workspace.root, "run.sh"), 0o644);
    rmSync(join(workspace.root, "becomes-link"));
    writeFiles(workspace.root, { "becomes-link": "a file again\n" });
    symlinkSync("nowhere", join(workspace.root, "dangling"));
    expect(await workspace.changedFiles()).toEqual([
      { path: "becomes-link", change: "modified" },
      { path: "binary.dat", change: "modified" },
      { path: "bom.txt", change: "added" },
      { path: "created/deep/x.txt", change: "added" },
      { path: "dangling", change: "added" },
      { path: "empty.txt", change: "added" },
      { path: "latin1.txt", change: "added" },
      { path: "new-binary.dat", change: "added" },
      { path: "new.txt", change: "deleted" },
      { path: "run.sh", change: "modified" },
      { path: "src/changed.txt", change: "modified" },
      { path: "tracked.log", change: "modified" },
    ]);
    const patch = await workspace.diff();
    execFileSync("git", ["apply"], { cwd: repo, input: patch });
    rmSync(join(workspace.root, "more.log"));
    expect(withoutIgnored(contents(repo))).toEqual(contents(workspace.root));
  });

  test("is exact about bytes where the original converts line ends", async () => {
    makeRepository(repo, { ".gitattributes": "* text=auto\n", "crlf.txt": "one\r\ntwo\r\n", "mixed.txt": "one\r\ntwo\n" });
    gitIn(repo, "config", "core.autocrlf", "true");
    await using workspace = await createWorkspace({ repo });
    expect(await workspace.diff()).toBe("");
    writeFiles(workspace.root, { "crlf.txt": "one\r\nTWO\r\n", "mixed.txt": "one\r\nTWO\n" });
    execFileSync("git", ["apply"], { cwd: repo, input: await workspace.diff() });
    expect(contents(repo)).toEqual(contents(workspace.root));
  });

  test("stays right whatever an agent does with the copy's .git", async () => {
    makeRepository(repo, { "a.txt": "a\n", "b.txt": "b\n" });
    await using workspace = await createWorkspace({ repo });
    writeFiles(workspace.root, { "a.txt": "changed\n", "c.txt": "new\n" });
    await runCommand({ command: "git add -A && git commit -qm work && git rm -q b.txt && git commit -qm more", cwd: workspace.root });
    const expected = [
      { path: "a.txt", change: "modified" },
      { path: "b.txt", change: "deleted" },
      { path: "c.txt", change: "added" },
    ];
    expect(await workspace.changedFiles()).toEqual(expected);
    rmSync(join(workspace.root, ".git"), { recursive: true });
    expect(await workspace.changedFiles()).toEqual(expected);
  });

  test("shows all work, whatever an agent writes into ignore files", async () => {
    makeRepository(repo, { "a.txt": "a\n", "b/.gitignore": "*.log\n" });
    await using workspace = await createWorkspace({ repo });
    const written = { ".gitignore": "*\n", "b/.gitignore": "*\n", "a.txt": "changed\n", "b/new.txt": "new\n", "c/d.txt": "new\n" };
    writeFiles(workspace.root, { ...written, "b/x.log": "ignored from the start\n", ".git/info/exclude": "*\n" });
    expect((await workspace.changedFiles()).map(({ path }) => path)).toEqual(Object.keys(written).toSorted());
    expect(await workspace.files("**/*.txt")).toEqual(["a.txt", "b/new.txt", "c/d.txt"]);
    expect((await workspace.search({ pattern: "new", maxMatches: 9 })).matches.map(({ path }) => path)).toEqual(["b/new.txt", "c/d.txt"]);
    execFileSync("git", ["apply"], { cwd: repo, input: await workspace.diff() });
    expect(readFileSync(join(repo, "c/d.txt"), "utf8")).toBe("new\n");
  });

  test("of a checkpoint is that of its files, whatever became of them since", async () => {
    makeRepository(repo, { "a.txt": "a\n" });
    await using workspace = await createWorkspace({ repo });
    writeFiles(workspace.root, { "a.txt": "approved\n" });
    const checkpoint = await workspace.checkpoint();
    writeFiles(workspace.root, { "a.txt": "later\n", "more.txt": "later\n" });
    expect(await workspace.diff(checkpoint)).toContain("+approved\n");
    expect(await workspace.changedFiles(checkpoint)).toEqual([{ path: "a.txt", change: "modified" }]);
    expect(await errorOf(workspace.diff({ tree: "HEAD" }))).toBeInstanceOf(UnknownCheckpointError);
  });

  test("sees a change of the same length made at once", async () => {
    makeRepository(repo, { "a.txt": "0\n" });
    await using workspace = await createWorkspace({ repo });
    for (let round = 1; round < 10; round += 1) {
      writeFiles(workspace.root, { "a.txt": `${round}\n` });
      expect(await workspace.diff()).toContain(`+${round}\n`);
    }
  });

  test("sees what a rule would hide come back, since it was there at the start", async () => {
    makeRepository(repo, { "tracked.log": "tracked though ignored\n", ".gitignore": "*.log\n" });
    await using workspace = await createWorkspace({ repo });
    rmSync(join(workspace.root, "tracked.log"));
    expect(await workspace.changedFiles()).toEqual([{ path: "tracked.log", change: "deleted" }]);
    writeFiles(workspace.root, { "tracked.log": "back\n", "other.log": "ignored\n" });
    expect(await workspace.changedFiles()).toEqual([{ path: "tracked.log", change: "modified" }]);
  });

  test("leaves out repositories that an agent makes inside", async () => {
    makeRepository(repo, { "a.txt": "a\n" });
    await using workspace = await createWorkspace({ repo });
    await runCommand({ command: "git init -q one && touch one/x && git init -q two/deep && touch two/y", cwd: workspace.root });
    expect(await workspace.changedFiles()).toEqual([{ path: "two/y", change: "added" }]);
  });
});
