import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SpecError } from "@orgtree/core";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { errorOf } from "../test-support/error-of.ts";
import { contents, fingerprint, gitIn, makeRepository, writeFiles } from "../test-support/repository.ts";
import { leftovers } from "../test-support/leftovers.ts";
import { directoryOfEachTest } from "../test-support/test-directory.ts";
import { DirectoryNotFoundError, GitError, NotARepositoryError, UnknownCheckpointError } from "./errors.ts";
import { runCommand } from "./command.ts";
import { createWorkspace } from "./workspace.ts";

const directory = directoryOfEachTest();
let repo: string;

beforeEach(() => {
  vi.stubEnv("HOME", join(directory.path, "person"));
  vi.stubEnv("XDG_CONFIG_HOME", undefined);
  repo = join(directory.path, "repo");
});

/** A repository with everything that makes a copy hard: staged, changed, new, deleted, ignored, linked, executable and binary files. */
function makeBusyRepository(): void {
  makeRepository(repo, {
    "src/changed.txt": "one\ntwo\nthree\n",
    "src/same.txt": "same\n",
    "staged.txt": "before\n",
    "deleted.txt": "gone soon\n",
    "removed.txt": "gone from the index too\n",
    "tracked.log": "tracked though ignored\n",
    "binary.dat": Buffer.from([0, 1, 2, 255, 254]),
    "run.sh": "#!/bin/sh\n",
    "becomes-link": "text\n",
    "dir/inside.txt": "inside\n",
    ".gitignore": "*.log\nnode_modules/\n",
  });
  writeFiles(repo, {
    "src/changed.txt": "one\nTWO\nthree\n",
    "staged.txt": "after\n",
    "new.txt": "new\n",
    "deep/er/new file.txt": "new, with a space\n",
    "ignored.log": "ignored\n",
    "node_modules/lib/index.js": "module\n",
    "secret.key": "ignored privately\n",
  });
  writeFileSync(join(repo, ".git", "info", "exclude"), "*.key\n");
  gitIn(repo, "add", "staged.txt");
  gitIn(repo, "rm", "--quiet", "removed.txt");
  rmSync(join(repo, "deleted.txt"));
  rmSync(join(repo, "becomes-link"));
  symlinkSync("src/same.txt", join(repo, "becomes-link"));
  chmodSync(join(repo, "run.sh"), 0o755);
  // A directory that became a link: what was tracked in it is deleted, as git sees it.
  rmSync(join(repo, "dir"), { recursive: true });
  symlinkSync("src", join(repo, "dir"));
}

function withoutIgnored(prints: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(prints).filter(([path]) => !/^(ignored\.log|node_modules\/.*|secret\.key)$/.test(path)));
}

describe("createWorkspace", () => {
  test("copies the files as they lie in the work tree, but for ignored ones", async () => {
    makeBusyRepository();
    await using workspace = await createWorkspace({ repo });
    expect(contents(workspace.root)).toEqual(withoutIgnored(contents(repo)));
    expect(await workspace.diff()).toBe("");
    expect(await workspace.changedFiles()).toEqual([]);
  });

  test("writes nothing into the original, whatever is done", async () => {
    makeBusyRepository();
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
    makeBusyRepository();
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

describe("diff", () => {
  test("applies to the original's work tree and makes it the same", async () => {
    makeBusyRepository();
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
    makeBusyRepository();
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
    makeBusyRepository();
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

describe("files and search", () => {
  test("lists by glob, without deleted, ignored and foreign ones", async () => {
    makeBusyRepository();
    await using workspace = await createWorkspace({ repo });
    writeFiles(workspace.root, { "src/deep/x.ts": "", "y.ts": "", "z.log": "" });
    rmSync(join(workspace.root, "new.txt"));
    expect(await workspace.files("**/*.ts")).toEqual(["src/deep/x.ts", "y.ts"]);
    expect(await workspace.files("*.ts")).toEqual(["y.ts"]);
    expect(await workspace.files("src/**")).toEqual(["src/changed.txt", "src/deep/x.ts", "src/same.txt"]);
    expect(await workspace.files()).not.toContain("new.txt");
    expect(await workspace.files()).not.toContain("z.log");
    for (const glob of ["../**", "/etc/*", "**/../../**", "["]) expect(await workspace.files(glob)).toEqual([]);
  });

  test("finds text and expressions", async () => {
    makeRepository(repo, { "a.txt": "alpha\nbeta\n", "b.bin": Buffer.from("alpha\0") });
    await using workspace = await createWorkspace({ repo });
    writeFiles(workspace.root, { "c/new.txt": `x.alpha(\n${"long ".repeat(200)}ALPHA\n` });
    expect(await workspace.search({ pattern: ".alpha(", maxMatches: 9 })).toEqual({
      matches: [{ path: "c/new.txt", line: 1, text: "x.alpha(" }],
      truncated: false,
    });
    const loose = await workspace.search({ pattern: "^(alpha|beta)$", isRegex: true, maxMatches: 1 });
    expect(loose).toEqual({ matches: [{ path: "a.txt", line: 1, text: "alpha" }], truncated: true });
    const long = await workspace.search({ pattern: "alpha", ignoreCase: true, glob: "c/**", maxMatches: 9 });
    expect(long.matches.map((match) => match.text.length)).toEqual([8, 401]);
    expect(await workspace.search({ pattern: "nothing like it", maxMatches: 9 })).toEqual({ matches: [], truncated: false });
    expect(await workspace.search({ pattern: "--help", maxMatches: 9 })).toEqual({ matches: [], truncated: false });
    expect(await errorOf(workspace.search({ pattern: "(", isRegex: true, maxMatches: 9 }))).toBeInstanceOf(GitError);
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
