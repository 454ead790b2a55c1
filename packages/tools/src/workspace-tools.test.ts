import { execFileSync } from "node:child_process";
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { type ToolContext, ToolError, type ToolErrorKind } from "@orgtree/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makePipe } from "../test-support/barrier.ts";
import { makeRepository, writeFiles } from "../test-support/repository.ts";
import { temporaryDirectory } from "../test-support/temporary-directory.ts";
import { createWorkspace, type Workspace } from "./workspace.ts";
import { type WorkspaceTools, workspaceTools } from "./workspace-tools.ts";

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let workspace: Workspace;
let tools: WorkspaceTools;
let keys = 0;

beforeAll(async () => {
  directory = await temporaryDirectory();
  const repo = makeRepository(join(directory.path, "repo"), {
    "src/a.txt": "one\ntwo\ntwo\nlast",
    "bin.dat": Buffer.from([0, 1]),
    "tracked/passwd": "mine: root\n",
    "latin1.txt": Buffer.from("na\xefve\n", "latin1"),
    "kept.log": "tracked, though a rule matches it\n",
    ".gitignore": "build/\n*.log\n",
  });
  writeFiles(directory.path, { "outside/passwd": "theirs: root\n" });
  workspace = await createWorkspace({ repo });
  tools = workspaceTools(workspace);
  symlinkSync(join(directory.path, "outside"), join(workspace.root, "out"));
  symlinkSync(join(directory.path, "outside", "passwd"), join(workspace.root, "out.txt"));
  makePipe(join(workspace.root, "pipe"));
});

afterAll(async () => {
  await workspace.remove();
  await directory[Symbol.asyncDispose]();
});

function context(key = `/a#${(keys += 1)}.0`): ToolContext {
  return { signal: new AbortController().signal, key };
}

function textOf(path: string): string {
  return readFileSync(join(workspace.root, path), "utf8");
}

async function expectFailure(run: Promise<unknown>, kind: ToolErrorKind, message: string): Promise<void> {
  const error: unknown = await run.catch((error: unknown) => error);
  expect(error).toBeInstanceOf(ToolError);
  expect(error).toMatchObject({ kind, message: expect.stringContaining(message) });
}

describe("workspaceTools", () => {
  test("declares names and kinds", () => {
    const declared = Object.values(tools).map(({ name, kind, parameters }) => [name, kind, parameters["type"]]);
    expect(declared).toEqual([
      ["read_file", "pure", "object"],
      ["list_files", "pure", "object"],
      ["search_text", "pure", "object"],
      ["write_file", "idempotent", "object"],
      ["replace_text", "idempotent", "object"],
    ]);
  });

  test.each([
    ["out.txt", "leads out"],
    ["out/passwd", "leads out"],
    ["out/new", "leads out"],
    ["/etc/passwd", "is absolute"],
    ["../repo/src/a.txt", "contains .."],
    [".git/config", "off limits"],
  ])("keeps every tool away from %s", async (path, message) => {
    await expectFailure(tools.readFile.run({ path }, context()), "forbidden", message);
    await expectFailure(tools.writeFile.run({ path, content: "x" }, context()), "forbidden", message);
    await expectFailure(tools.replaceText.run({ path, oldText: "a", newText: "b" }, context()), "forbidden", message);
  });

  test.each([
    ["src", "is a directory"],
    ["pipe", "is no plain file"],
    ["src/a.txt/x", "has a file where"],
  ])("names what is wrong with %s", async (path, message) => {
    const kind = path === "src/a.txt/x" ? "forbidden" : "invalid-input";
    await expectFailure(tools.readFile.run({ path }, context()), kind, message);
    await expectFailure(tools.writeFile.run({ path, content: "x" }, context()), kind, message);
  });
});

describe("write_file, where git keeps no file of the name", () => {
  test.each(["git~1", "git~1/x", "sub/git~1/x.txt", "sub/.git ", ".git.", "sub/.git::$INDEX_ALLOCATION"])("refuses %j", async (path) => {
    const message = `${path} may not be written: git keeps no file of that name`;
    await expectFailure(tools.writeFile.run({ path, content: "x" }, context()), "forbidden", message);
    expect(existsSync(join(workspace.root, path))).toBe(false);
  });

  test.each(["gitt~1", ".gitmodules", "a,b", "a\\b", "con"])("writes %j, which is in the patch", async (path) => {
    await tools.writeFile.run({ path, content: "x" }, context());
    expect((await workspace.changedFiles()).map((file) => file.path)).toContain(path);
    rmSync(join(workspace.root, path));
  });
});

describe("write_file and replace_text, where the repository ignores what is written", () => {
  test.each(["build/out.js", "src/deep/x.log", "build/in/deep.txt"])("refuse %s, and say by which rule", async (path) => {
    writeFiles(workspace.root, { [path]: "x, by a command\n" });
    const message = `${path} may not be written: the repository ignores it (rule ${path.startsWith("build") ? "build/" : "*.log"})`;
    await expectFailure(tools.writeFile.run({ path, content: "x" }, context()), "forbidden", message);
    await expectFailure(tools.replaceText.run({ path, oldText: "x", newText: "y" }, context()), "forbidden", message);
  });

  test("go by the rules of the start, and leave what was tracked then writable", async () => {
    await tools.writeFile.run({ path: "made/.gitignore", content: "*\n" }, context());
    expect(await tools.writeFile.run({ path: "made/x.txt", content: "x" }, context())).toMatchObject({ bytes: 1 });
    expect(await tools.replaceText.run({ path: "kept.log", oldText: "tracked", newText: "kept" }, context())).toMatchObject({
      replaced: 1,
    });
    expect((await workspace.changedFiles()).map(({ path }) => path)).toEqual(expect.arrayContaining(["kept.log", "made/x.txt"]));
    rmSync(join(workspace.root, "made"), { recursive: true });
  });

  test("leave a command free to make what is ignored", async () => {
    writeFiles(workspace.root, { "build/cache.txt": "by a command\n" });
    expect((await workspace.changedFiles()).map(({ path }) => path)).not.toContain("build/cache.txt");
    expect((await tools.readFile.run({ path: "build/cache.txt" }, context())).content).toBe("by a command\n");
  });
});

describe("read_file", () => {
  test("gives all of a file, or some lines of it", async () => {
    const whole = { path: "src/a.txt", content: "one\ntwo\ntwo\nlast", startLine: 1, endLine: 4, totalLines: 4, truncated: false };
    expect(await tools.readFile.run({ path: "src/a.txt" }, context())).toEqual(whole);
    expect(await tools.readFile.run({ path: "src/a.txt", startLine: 2, endLine: 3 }, context())).toEqual({
      ...whole,
      content: "two\ntwo\n",
      startLine: 2,
      endLine: 3,
    });
    expect(await tools.readFile.run({ path: "src/a.txt", startLine: 9 }, context())).toMatchObject({ content: "", totalLines: 4 });
  });

  test("cuts long files at a line, so that the pieces make the whole", async () => {
    const content = Array.from({ length: 5_000 }, (_, index) => `line ${index} ${"x".repeat(60)}\n`).join("");
    writeFiles(workspace.root, { "long.txt": content });
    let read = "";
    for (let startLine = 1; read.length < content.length;) {
      const part = await tools.readFile.run({ path: "long.txt", startLine }, context());
      expect(part.content.length).toBeLessThanOrEqual(100_000);
      expect(part.truncated).toBe(part.endLine < part.totalLines);
      read += part.content;
      startLine = part.endLine + 1;
    }
    expect(read).toBe(content);
  });

  test("cuts a line that is longer than all the room", async () => {
    writeFiles(workspace.root, { "wide.txt": "x".repeat(200_000) });
    const part = await tools.readFile.run({ path: "wide.txt" }, context());
    expect(part).toMatchObject({ truncated: true, endLine: 1 });
    expect(part.content).toHaveLength(100_000);
  });

  test("shows text in another encoding, and refuses what is no text", async () => {
    expect((await tools.readFile.run({ path: "latin1.txt" }, context())).content).toBe("na\uFFFDve\n");
    await expectFailure(tools.readFile.run({ path: "bin.dat" }, context()), "invalid-input", "is a binary file");
    await expectFailure(tools.readFile.run({ path: "nowhere.txt" }, context()), "invalid-input", "does not exist; list_files");
    writeFiles(workspace.root, { "huge.txt": "x".repeat(3 * 1024 * 1024) });
    await expectFailure(tools.readFile.run({ path: "huge.txt" }, context()), "invalid-input", "search_text finds lines in it");
    rmSync(join(workspace.root, "huge.txt"));
  });
});

describe("list_files and search_text", () => {
  test("list by glob", async () => {
    expect(await tools.listFiles.run({ glob: "src/*" }, context())).toEqual({ files: ["src/a.txt"], total: 1, truncated: false });
    expect(await tools.listFiles.run({ glob: "../*" }, context())).toEqual({ files: [], total: 0, truncated: false });
  });

  test("find lines, and never behind a link that leads out", async () => {
    expect((await tools.searchText.run({ pattern: "root" }, context())).matches).toEqual([
      { path: "tracked/passwd", line: 1, text: "mine: root" },
    ]);
    rmSync(join(workspace.root, "tracked"), { recursive: true });
    symlinkSync(join(directory.path, "outside"), join(workspace.root, "tracked"));
    expect((await tools.searchText.run({ pattern: "root" }, context())).matches).toEqual([]);
    rmSync(join(workspace.root, "tracked"));
  });

  test("say what is wrong with an expression", async () => {
    await expectFailure(tools.searchText.run({ pattern: "(", isRegex: true }, context()), "invalid-input", "Unmatched (");
  });
});

describe("write_file", () => {
  test("makes files with their directories, and replaces them", async () => {
    expect(await tools.writeFile.run({ path: "made/deep/x.txt", content: "ä\n" }, context())).toEqual({
      path: "made/deep/x.txt",
      bytes: 3,
    });
    await tools.writeFile.run({ path: "made/deep/x.txt", content: "" }, context());
    expect(textOf("made/deep/x.txt")).toBe("");
  });

  test("does not hold a thread at a pipe that somebody reads", async () => {
    await expectFailure(tools.writeFile.run({ path: "pipe", content: "x" }, context()), "invalid-input", "is no plain file");
  });

  test("refuses content over the limit", async () => {
    const content = "ä".repeat(1_500_000);
    await expectFailure(tools.writeFile.run({ path: "big.txt", content }, context()), "invalid-input", "would have 3000000 bytes");
  });

  test("keeps the mode of a file", async () => {
    writeFiles(workspace.root, { "mode.sh": "#!/bin/sh\n" });
    execFileSync("chmod", ["755", join(workspace.root, "mode.sh")]);
    await tools.writeFile.run({ path: "mode.sh", content: "#!/bin/sh\necho ran\n" }, context());
    expect(execFileSync(join(workspace.root, "mode.sh"), { encoding: "utf8" })).toBe("ran\n");
  });
});

describe("replace_text", () => {
  test("replaces one occurrence, literally", async () => {
    writeFiles(workspace.root, { "r.txt": "a.c\nabc\n$&\n" });
    expect(await tools.replaceText.run({ path: "r.txt", oldText: "abc\n", newText: "$& $1\n" }, context())).toEqual({
      path: "r.txt",
      replaced: 1,
      line: 2,
    });
    expect(textOf("r.txt")).toBe("a.c\n$& $1\n$&\n");
  });

  test("refuses what is not there, or there more than once", async () => {
    await expectFailure(
      tools.replaceText.run({ path: "src/a.txt", oldText: "three", newText: "" }, context()),
      "invalid-input",
      "does not contain",
    );
    await expectFailure(tools.replaceText.run({ path: "src/a.txt", oldText: "two", newText: "2" }, context()), "invalid-input", "2 times");
    expect(textOf("src/a.txt")).toBe("one\ntwo\ntwo\nlast");
  });

  test("replaces all occurrences when told to", async () => {
    writeFiles(workspace.root, { "all.txt": "x x x" });
    expect(await tools.replaceText.run({ path: "all.txt", oldText: "x", newText: "xx", replaceAll: true }, context())).toMatchObject({
      replaced: 3,
    });
    expect(textOf("all.txt")).toBe("xx xx xx");
  });

  test("is applied once under one key", async () => {
    writeFiles(workspace.root, { "once.txt": "x" });
    const edit = { path: "once.txt", oldText: "x", newText: "xx", replaceAll: true };
    const first = await tools.replaceText.run(edit, context("/a#7.0"));
    expect(await tools.replaceText.run(edit, context("/a#7.0"))).toEqual(first);
    expect(textOf("once.txt")).toBe("xx");
  });

  test("loses no change when several come at once", async () => {
    writeFiles(workspace.root, { "many.txt": "a b c d e f" });
    await Promise.all(
      ["a", "b", "c", "d", "e", "f"].map((letter) =>
        tools.replaceText.run({ path: "many.txt", oldText: letter, newText: letter.toUpperCase() }, context()),
      ),
    );
    expect(textOf("many.txt")).toBe("A B C D E F");
  });

  test("refuses a file that is not UTF-8, which it would damage", async () => {
    await expectFailure(tools.replaceText.run({ path: "latin1.txt", oldText: "na", newText: "NA" }, context()), "invalid-input", "UTF-8");
  });
});

test("a hard link made by a command is a file like any other", async () => {
  mkdirSync(join(workspace.root, "links"));
  linkSync(join(workspace.root, "src", "a.txt"), join(workspace.root, "links", "a.txt"));
  expect((await tools.readFile.run({ path: "links/a.txt" }, context())).totalLines).toBe(4);
});
