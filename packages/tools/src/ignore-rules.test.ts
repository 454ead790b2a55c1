import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { gitIn, makeRepository, writeFiles } from "../test-support/repository.ts";
import { temporaryDirectory } from "../test-support/temporary-directory.ts";
import { joinIgnoreRules } from "./ignore-rules.ts";
import { createWorkspace } from "./workspace.ts";

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;

beforeAll(async () => {
  directory = await temporaryDirectory();
});
afterAll(() => directory[Symbol.asyncDispose]());

const odd = "a*b [x]\\";
const ignoreFiles = {
  ".gitignore": "\uFEFF# a comment\r\n*.log\r\n/only-top\n!keep.log\nbuild/\ndoc/*.txt\n**/deep/er\ntrail  \nesc\\ \n\\#hash\n\\!bang\n",
  "sub/.gitignore": "*.tmp\n!important.log\n/bound\ninner/bound\ndir/\na/**/z\n**\n!*/\n!*.js\n!.gitignore\n",
  "lib/.gitignore": "[ab].c\n??\n*.o\n!/keep.o\n",
  [`${odd}/.gitignore`]: "*.x\n/y\n",
  "own/.gitignore": "*\n",
};
const names = ["x.log", "keep.log", "only-top", "build/x", "doc/a.txt", "deep/er", "trail", "esc ", "#hash", "!bang", "important.log"];
const more = ["bound", "inner/bound", "dir/x", "a/z", "a/b/c/z", "q.tmp", "m.js", "a.c", "c.c", "zz", "n.o", "keep.o", "f.x", "y", "g/y"];

describe("joinIgnoreRules", () => {
  test("ignores what git ignores by the files themselves, in any directory", async () => {
    const repo = makeRepository(join(directory.path, "repo"), { "tracked.txt": "" });
    for (const at of ["", "sub/", "lib/", "other/sub/", `${odd}/`, "own/", "sub/sub/"])
      for (const name of [...names, ...more]) writeFiles(repo, { [`${at}${name}`]: "" });
    writeFiles(repo, ignoreFiles);
    const expected = gitIn(repo, "ls-files", "-z", "--others", "--cached", "--exclude-standard").split("\0").filter(Boolean).toSorted();
    await using workspace = await createWorkspace({ repo });
    const all = gitIn(repo, "ls-files", "-z", "--others", "--cached").split("\0").filter(Boolean);
    // Everything again, with no ignore file there: only the frozen rules are left.
    writeFiles(workspace.root, Object.fromEntries(all.map((path) => [path, ""])));
    expect(await workspace.files()).toEqual(expected);
    expect(expected.length).toBeGreaterThan(50);
    expect(all.length - expected.length).toBeGreaterThan(50);
    // One command for each question, and the same rules: a few have to do.
    for (const path of all.filter((_, at) => at % 6 === 0))
      expect([path, (await workspace.ignoreRule(path)) === undefined]).toEqual([path, expected.includes(path)]);
  });

  test("puts the rules of deeper directories behind those above, since the last one counts", () => {
    const rules = joinIgnoreRules([
      { directory: "a/b", text: "!x\n" },
      { directory: "", text: "x\n" },
      { directory: "a", text: "/x/\n" },
    ]);
    expect(rules).toBe("x\n/a/x/\n!/a/b/**/x\n");
  });
});
