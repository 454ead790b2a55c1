import { existsSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { contents, fingerprint, gitIn, makeRepository, writeFiles } from "../test-support/repository.ts";
import { directoryOfEachTest } from "../test-support/test-directory.ts";
import { createWorkspace, type Workspace } from "./workspace.ts";

const directory = directoryOfEachTest();

type Files = Readonly<Record<string, string | Buffer>>;

/** A repository whose files lie as git has written them by their attributes. */
function convertedRepository(files: Files): string {
  const repo = makeRepository(join(directory.path, "repo"), files);
  gitIn(repo, "rm", "-rq", "--cached", ".");
  gitIn(repo, "reset", "--quiet", "--hard");
  return repo;
}

/** What a check would see, or why there is nothing to check. */
async function checkoutOf(workspace: Workspace): Promise<Record<string, string> | { readonly message: string; readonly name: string }> {
  try {
    await using checkout = await workspace.checkout(await workspace.checkpoint());
    return contents(checkout.root);
  } catch (error) {
    return error as Error;
  }
}

const utf16 = (text: string): Buffer => Buffer.from(`\ufeff${text}`, "utf16le");
const crlf = { ".gitattributes": "*.bat text eol=crlf\n", "f.bat": "one\r\ntwo\r\n" };
const encoded = { ".gitattributes": "*.ps1 text working-tree-encoding=UTF-16LE-BOM eol=crlf\n", "f.ps1": utf16("one\r\n") };
const ident = { ".gitattributes": "*.c ident\n", "f.c": "/* $Id$ */\nint x;\n" };
const plain = { "a.txt": "a\n" };

describe("a checkout of work that git would convert", () => {
  test.each<{ what: string; files: Files; work: Files; says: RegExp }>([
    {
      what: "in another encoding",
      files: encoded,
      work: { "f.ps1": utf16("two\r\n") },
      says: /refuse its patch.*f\.ps1.*working-tree-enc/s,
    },
    {
      what: "with an expanded keyword",
      files: ident,
      work: { "f.c": "/* $Id: x $ */\nint y;\n" },
      says: /refuse its patch.*f\.c: ident=set/s,
    },
    {
      what: "with other line ends",
      files: crlf,
      work: { "f.bat": "one\nTWO\n" },
      says: /other bytes into f\.bat \(git converts f\.bat: text=set/,
    },
    { what: "that is new", files: crlf, work: { "deep/new.bat": "new\n" }, says: /other bytes into deep\/new\.bat/ },
    {
      what: "and would keep no file of that name",
      files: plain,
      work: { "git~1": "work\n" },
      says: /refuse its patch.*invalid path 'git~1'/s,
    },
  ])("$what is refused by name, and nothing of the original is touched", async ({ files, work, says }) => {
    const repo = convertedRepository(files);
    const untouched = fingerprint(repo);
    await using workspace = await createWorkspace({ repo });
    writeFiles(workspace.root, work);
    expect(await checkoutOf(workspace)).toMatchObject({ name: "UndeliverableError", message: expect.stringMatching(says) });
    expect(fingerprint(repo)).toEqual(untouched);
  });

  test("through a program is refused by name, and the program is not run", async () => {
    const repo = convertedRepository({ ".gitattributes": "*.bin filter=big\n", "f.bin": "big\n", "a.txt": "a\n" });
    const trace = join(directory.path, "ran");
    for (const part of ["clean", "smudge"]) gitIn(repo, "config", `filter.big.${part}`, `touch '${trace}'; cat`);
    await using workspace = await createWorkspace({ repo });
    writeFiles(workspace.root, { "a.txt": "work\n" });
    expect(await checkoutOf(workspace)).toHaveProperty(["a.txt"]);
    writeFiles(workspace.root, { "f.bin": "bigger\n" });
    expect(await checkoutOf(workspace)).toMatchObject({
      name: "UndeliverableError",
      message: expect.stringContaining("f.bin (filter=big) through a program"),
    });
    expect(existsSync(trace)).toBe(false);
  });

  test("by the person's own configuration is refused too", async () => {
    const repo = convertedRepository(plain);
    gitIn(repo, "config", "core.autocrlf", "true");
    await using workspace = await createWorkspace({ repo });
    writeFiles(workspace.root, { "b.txt": "b\n" });
    expect(await checkoutOf(workspace)).toMatchObject({ message: expect.stringContaining("other bytes into b.txt") });
  });

  test("of a file whose name is not UTF-8 is refused by name", async () => {
    const repo = convertedRepository(plain);
    await using workspace = await createWorkspace({ repo });
    writeFileSync(Buffer.concat([Buffer.from(`${workspace.root}/na`), Buffer.from([0xef]), Buffer.from("ve.txt")]), "work\n");
    const says = String.raw`the name of na\357ve.txt is not UTF-8; rename it, or remove it`;
    expect(await checkoutOf(workspace)).toMatchObject({ name: "UndeliverableError", message: expect.stringContaining(says) });
    expect(await workspace.diff()).toContain(String.raw`"b/na\357ve.txt"`);
  });
});

describe("a checkout of work beside files that git converts", () => {
  test.each<{ what: string; files: Files; work: Files }>([
    { what: "that it leaves alone", files: { ...encoded, ...plain }, work: { "a.txt": "work\n", "new.txt": "new\n" } },
    { what: "with the line ends that they are to have", files: crlf, work: { "f.bat": "one\r\nTWO\r\n", "deep/new.bat": "new\r\n" } },
    { what: "by rules that it brings along", files: plain, work: { "deep/.gitattributes": "* text eol=crlf\n", "deep/x.txt": "x\n" } },
    { what: "in bytes that are no text", files: crlf, work: { "f.bin": Buffer.from([0, 13, 10, 255]) } },
  ])("$what is what git apply makes of the patch in the original", async ({ files, work }) => {
    const repo = convertedRepository(files);
    await using workspace = await createWorkspace({ repo });
    writeFiles(workspace.root, work);
    symlinkSync("a.txt", join(workspace.root, "link"));
    const checked = await checkoutOf(workspace);
    const patch = join(directory.path, "work.patch");
    writeFileSync(patch, await workspace.diff());
    gitIn(repo, "apply", patch);
    expect(contents(repo)).toEqual(checked);
    for (const [path, content] of Object.entries(work)) expect(readFileSync(join(repo, path))).toEqual(Buffer.from(content));
  });
});

describe("createWorkspace", () => {
  const latin = (root: string): Buffer => Buffer.concat([Buffer.from(`${root}/caf`), Buffer.from([0xe9])]);

  test.each([
    { what: "is tracked", prepare: (repo: string) => void gitIn(repo, "add", "--all") },
    { what: "is new", prepare: () => {} },
  ])("refuses a repository with a name that is not UTF-8 and $what, and leaves nothing", async ({ prepare }) => {
    const repo = makeRepository(join(directory.path, "repo"), plain);
    writeFileSync(latin(repo), "coffee\n");
    prepare(repo);
    const says = String.raw`the name of caf\351 is not UTF-8, so it cannot be copied; rename it, or ignore it`;
    await expect(createWorkspace({ repo })).rejects.toMatchObject({ name: "FileNameError", message: expect.stringContaining(says) });
  });

  test("takes one whose name is not UTF-8 and ignored", async () => {
    const repo = makeRepository(join(directory.path, "repo"), { ...plain, ".gitignore": "caf*\n" });
    writeFileSync(latin(repo), "coffee\n");
    await using workspace = await createWorkspace({ repo });
    expect(await workspace.files()).toEqual([".gitignore", "a.txt"]);
  });
});
