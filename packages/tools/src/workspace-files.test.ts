import { rmSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { makeBusyRepository } from "../test-support/busy-repository.ts";
import { errorOf } from "../test-support/error-of.ts";
import { makeRepository, writeFiles } from "../test-support/repository.ts";
import { directoryWithHomeOfEachTest } from "../test-support/test-directory.ts";
import { GitError } from "./errors.ts";
import { createWorkspace } from "./workspace.ts";

const directory = directoryWithHomeOfEachTest();
let repo: string;

beforeEach(() => {
  repo = join(directory.path, "repo");
});

describe("files and search", () => {
  test("lists by glob, without deleted, ignored and foreign ones", async () => {
    makeBusyRepository(repo);
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
