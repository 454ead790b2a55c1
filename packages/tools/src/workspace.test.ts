import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SpecError } from "@orgtree/core";
import { beforeEach, describe, expect, test } from "vitest";
import { makeBusyRepository, withoutIgnored } from "../test-support/busy-repository.ts";
import { errorOf } from "../test-support/error-of.ts";
import { contents, fingerprint, gitIn, makeRepository, writeFiles } from "../test-support/repository.ts";
import { leftovers } from "../test-support/leftovers.ts";
import { directoryWithHomeOfEachTest } from "../test-support/test-directory.ts";
import { DirectoryNotFoundError, NotARepositoryError } from "./errors.ts";
import { runCommand } from "./command.ts";
import { createWorkspace } from "./workspace.ts";

const directory = directoryWithHomeOfEachTest();
let repo: string;

beforeEach(() => {
  repo = join(directory.path, "repo");
});

describe("createWorkspace", () => {
  test("copies the files as they lie in the work tree, but for ignored ones", async () => {
    makeBusyRepository(repo);
    await using workspace = await createWorkspace({ repo });
    expect(contents(workspace.root)).toEqual(withoutIgnored(contents(repo)));
    expect(await workspace.diff()).toBe("");
    expect(await workspace.changedFiles()).toEqual([]);
  });

  test("writes nothing into the original, whatever is done", async () => {
    makeBusyRepository(repo);
    // An index that git would like to refresh.
    writeFiles(repo, { "src/same.txt": "same\n" });
    const original = fingerprint(repo);
    {
      await using workspace = await createWorkspace({ repo, ignoredPaths: ["node_modules"] });
      expect(fingerprint(repo)).toEqual(original);
      const checkpoint = await workspace.checkpoint();
      writeFiles(workspace.root, { "src/same.txt": "other\n", "more.txt": "more\n", "node_modules/lib/index.js": "changed\n" });
      const commands = "git add -A && git commit -qm work && git gc -q --prune=now; git push; git status; git -C . stash; true";
      await runCommand({ command: commands, cwd: workspace.root });
      await workspace.diff();
      await workspace.restore(checkpoint);
    }
    expect(fingerprint(repo)).toEqual(original);
  });

  test("has the history, the branches, and no way back to the original", async () => {
    makeRepository(repo, { "a.txt": "a\n" });
    gitIn(repo, "checkout", "--quiet", "-b", "topic");
    await using workspace = await createWorkspace({ repo });
    expect(gitIn(workspace.root, "log", "--format=%s %D").trim()).toBe("first HEAD -> topic, main");
    expect(gitIn(workspace.root, "remote")).toBe("");
    expect(gitIn(workspace.root, "status", "--porcelain")).toBe("");
    expect(readFileSync(join(workspace.root, ".git", "config"), "utf8")).not.toContain(repo);
    expect(readdirSync(join(workspace.root, ".git"))).not.toContain("hooks");
  });

  test("shares no file with the original", async () => {
    makeRepository(repo, { "a.txt": "a\n" });
    await using workspace = await createWorkspace({ repo });
    const shared = execFileSync("find", [workspace.root, "-type", "f", "-links", "+1"], { encoding: "utf8" });
    expect(shared).toBe("");
  });

  test("copies ignored paths that are named", async () => {
    makeBusyRepository(repo);
    await using workspace = await createWorkspace({ repo, ignoredPaths: ["node_modules", "ignored.log"] });
    expect(readFileSync(join(workspace.root, "node_modules/lib/index.js"), "utf8")).toBe("module\n");
    expect(existsSync(join(workspace.root, "ignored.log"))).toBe(true);
    expect(existsSync(join(workspace.root, "secret.key"))).toBe(false);
    expect(await workspace.diff()).toBe("");
  });

  test.each(["", "/etc", "../x", "a/../../x", ".git", "not-there"])("refuses the ignored path %j and leaves nothing", async (path) => {
    makeRepository(repo, { "a.txt": "a\n" });
    expect(await errorOf(createWorkspace({ repo, ignoredPaths: [path] }))).toBeInstanceOf(SpecError);
    expect(leftovers()).toEqual(directory.before);
  });

  test("ignores what the person ignores, in the copy too", async () => {
    makeRepository(repo, { "a.txt": "a\n" });
    writeFiles(directory.path, { "person/.config/git/ignore": "*.mine\n" });
    writeFiles(repo, { "note.mine": "private\n" });
    await using workspace = await createWorkspace({ repo });
    expect(existsSync(join(workspace.root, "note.mine"))).toBe(false);
    writeFiles(workspace.root, { "other.mine": "private\n", "other.txt": "not private\n" });
    expect(await workspace.changedFiles()).toEqual([{ path: "other.txt", change: "added" }]);
    expect((await runCommand({ command: "git status --porcelain", cwd: workspace.root })).stdout).toBe("?? other.txt\n");
  });

  test("runs nothing that the original's configuration or the person's names", async () => {
    const trap = join(directory.path, "trap");
    makeRepository(repo, { "a.txt": "a\n", ".gitattributes": "*.txt filter=evil diff=evil\n" });
    const evil = `sh -c 'touch ${trap}; cat'`;
    for (const key of ["core.fsmonitor", "filter.evil.clean", "filter.evil.smudge", "diff.evil.command", "diff.evil.textconv"]) {
      gitIn(repo, "config", key, evil);
      gitIn(directory.path, "config", "--file", join(directory.path, "person.cfg"), key, evil);
    }
    mkdirSync(join(directory.path, "person"));
    cpSync(join(directory.path, "person.cfg"), join(directory.path, "person", ".gitconfig"));
    for (const hook of ["post-checkout", "post-index-change", "reference-transaction"]) {
      writeFiles(repo, { [`.git/hooks/${hook}`]: `#!/bin/sh\ntouch ${trap}\n` });
      chmodSync(join(repo, ".git", "hooks", hook), 0o755);
    }
    await using workspace = await createWorkspace({ repo });
    writeFiles(workspace.root, { "a.txt": "b\n" });
    await workspace.diff();
    expect(existsSync(trap)).toBe(false);
  });

  test("copies a linked work tree, a shallow clone, a detached head", async () => {
    makeRepository(repo, { "a.txt": "a\n" });
    writeFiles(repo, { "a.txt": "b\n" });
    gitIn(repo, "commit", "--quiet", "--all", "--message=second");
    const linked = join(directory.path, "linked");
    gitIn(repo, "worktree", "add", "--quiet", "--detach", linked, "HEAD~1");
    const shallow = join(directory.path, "shallow");
    gitIn(directory.path, "clone", "--quiet", "--depth=1", `file://${repo}`, shallow);
    for (const [path, subject, content] of [
      [linked, "first", "a\n"],
      [shallow, "second", "b\n"],
    ] as const) {
      await using workspace = await createWorkspace({ repo: path });
      expect(gitIn(workspace.root, "log", "--format=%s").trim()).toBe(subject);
      expect(readFileSync(join(workspace.root, "a.txt"), "utf8")).toBe(content);
      expect(gitIn(workspace.root, "status", "--porcelain")).toBe("");
    }
  });

  test("copies a repository without commits, and an empty one", async () => {
    mkdirSync(repo);
    gitIn(repo, "init", "--quiet");
    {
      await using empty = await createWorkspace({ repo });
      expect(contents(empty.root)).toEqual({});
      writeFiles(empty.root, { "a.txt": "a\n" });
      expect(await empty.changedFiles()).toEqual([{ path: "a.txt", change: "added" }]);
    }
    writeFiles(repo, { "new.txt": "new\n" });
    gitIn(repo, "add", "new.txt");
    await using workspace = await createWorkspace({ repo });
    expect(await workspace.files()).toEqual(["new.txt"]);
    expect(await workspace.diff()).toBe("");
  });

  test("leaves nested repositories and submodules out", async () => {
    makeRepository(repo, { "a.txt": "a\n" });
    makeRepository(join(repo, "nested"), { "b.txt": "b\n" });
    await using workspace = await createWorkspace({ repo });
    expect(await workspace.files()).toEqual(["a.txt"]);
    gitIn(repo, "add", "nested");
    await using second = await createWorkspace({ repo });
    expect(await second.files()).toEqual(["a.txt"]);
  });

  test("takes a path with strange characters", async () => {
    const strange = join(directory.path, '-a repo\'s "ü" $HOME');
    makeRepository(strange, {
      "tab\there.txt": "a\n",
      'quote".txt': "b\n",
      "ünï.txt": "c\n",
      "-dash": "d\n",
      "new\nline": "e\n",
      "[glob]*": "f\n",
    });
    await using workspace = await createWorkspace({ repo: strange });
    expect(contents(workspace.root)).toEqual(contents(strange));
    for (const path of await workspace.files()) writeFiles(workspace.root, { [path]: "changed\n" });
    expect(await workspace.changedFiles()).toHaveLength(6);
    execFileSync("git", ["apply"], { cwd: strange, input: await workspace.diff() });
    expect(contents(strange)).toEqual(contents(workspace.root));
  });

  test("is made in parentDir where one is given, which must exist", async () => {
    makeRepository(repo, { "a.txt": "a\n" });
    const parentDir = join(directory.path, "parent");
    expect(await errorOf(createWorkspace({ repo, parentDir }))).toBeInstanceOf(DirectoryNotFoundError);
    mkdirSync(parentDir);
    await using workspace = await createWorkspace({ repo, parentDir });
    expect(workspace.root.startsWith(`${parentDir}/`)).toBe(true);
  });

  test("gives up when its signal aborts, and leaves nothing", async () => {
    makeRepository(repo, { "a.txt": "a\n" });
    const controller = new AbortController();
    const making = errorOf(createWorkspace({ repo, signal: controller.signal }));
    const reason = new Error("enough");
    setImmediate(() => controller.abort(reason));
    expect(await making).toBe(reason);
  });
});

describe("createWorkspace, what is no repository", () => {
  async function refusal(path: string): Promise<NotARepositoryError> {
    const error = await errorOf(createWorkspace({ repo: path }));
    expect(error).toBeInstanceOf(NotARepositoryError);
    expect(error).toMatchObject({ path });
    return error as NotARepositoryError;
  }

  test("a path that is not there, or a file", async () => {
    expect((await refusal(join(directory.path, "nowhere"))).message).toContain("there is no such directory");
    writeFileSync(join(directory.path, "file"), "");
    await refusal(join(directory.path, "file"));
  });

  test("a directory without one: the remedy is git init", async () => {
    mkdirSync(repo);
    expect((await refusal(repo)).remedy).toBe(`run \`git init\` in ${repo}, or give the path of a repository`);
  });

  test("a directory inside of one: the remedy names the top", async () => {
    makeRepository(repo, { "sub/a.txt": "a\n" });
    expect((await refusal(join(repo, "sub"))).remedy).toContain(`give ${repo}`);
  });

  test("a bare one", async () => {
    makeRepository(join(directory.path, "full"), { "a.txt": "a\n" });
    gitIn(directory.path, "clone", "--quiet", "--bare", "full", repo);
    expect((await refusal(repo)).message).toContain("no work tree");
  });

  test("a damaged one", async () => {
    makeRepository(repo, { "a.txt": "a\n" });
    rmSync(join(repo, ".git", "HEAD"));
    await refusal(repo);
  });
});

describe("remove", () => {
  test("removes all, twice without harm, after which everything rejects", async () => {
    makeRepository(repo, { "a.txt": "a\n" });
    const workspace = await createWorkspace({ repo });
    mkdirSync(join(workspace.root, "locked"));
    chmodSync(join(workspace.root, "locked"), 0o555);
    await workspace.remove();
    await workspace.remove();
    expect(existsSync(workspace.root)).toBe(false);
    expect(await errorOf(workspace.diff())).toBeInstanceOf(DirectoryNotFoundError);
  });
});
