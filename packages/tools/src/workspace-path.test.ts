import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { temporaryDirectory } from "../test-support/temporary-directory.ts";
import { WorkspacePathError } from "./errors.ts";
import { resolveInWorkspace } from "./workspace-path.ts";

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let root: string;

beforeAll(async () => {
  directory = await temporaryDirectory();
  root = join(directory.path, "root");
  mkdirSync(join(root, "src", "deep"), { recursive: true });
  mkdirSync(join(root, ".git"));
  mkdirSync(join(directory.path, "root-twin"));
  writeFileSync(join(directory.path, "root-twin", "secret"), "s");
  writeFileSync(join(root, "src", "a.ts"), "a");
  writeFileSync(join(root, ".git", "config"), "");
  symlinkSync("src", join(root, "inner"));
  symlinkSync("..", join(root, "up"));
  symlinkSync("/etc/passwd", join(root, "passwd"));
  symlinkSync("../root-twin", join(root, "twin"));
  symlinkSync("../../root/src/a.ts", join(root, "src", "roundabout.ts"));
  symlinkSync(join(directory.path, "not-there-yet"), join(root, "dangling"));
  symlinkSync("loop", join(root, "loop"));
  symlinkSync(".git", join(root, "hidden"));
  symlinkSync("up/root/up", join(root, "chain"));
});

afterAll(() => directory[Symbol.asyncDispose]());

describe("resolveInWorkspace", () => {
  test.each([
    ["src/a.ts", "src/a.ts"],
    ["./src//a.ts", "src/a.ts"],
    ["new.ts", "new.ts"],
    ["src/new/deeper/x.ts", "src/new/deeper/x.ts"],
    ["inner/a.ts", "src/a.ts"],
    ["inner/new/x.ts", "src/new/x.ts"],
    ["src/roundabout.ts", "src/a.ts"],
    ["up/root/src/a.ts", "src/a.ts"],
    ["..a", "..a"],
    [".gitignore", ".gitignore"],
    [".github/ci.yml", ".github/ci.yml"],
    [".", ""],
  ])("finds %s", async (path, real) => {
    expect(await resolveInWorkspace(root, path)).toBe(join(root, real));
  });

  test.each([
    ["/etc/passwd", "is absolute"],
    ["C:\\x", "is absolute"],
    ["", "must have"],
    ["x/".repeat(3_000), "must have"],
    ["x".repeat(300), "has a name that is too long"],
    ["a\0b", "contains a NUL"],
    ["..", "contains .."],
    ["../root/src/a.ts", "contains .."],
    ["src/../src/a.ts", "contains .."],
    ["src\\..\\..\\x", "contains .."],
    ["passwd", "leads out"],
    ["up", "leads out"],
    ["up/x", "leads out"],
    ["chain/x", "leads out"],
    ["twin/secret", "leads out"],
    ["twin/new", "leads out"],
    ["dangling", "is a link that leads nowhere"],
    ["dangling/x", "is a link that leads nowhere"],
    ["loop", "is a link that leads to itself"],
    ["src/a.ts/x", "has a file where a directory should be"],
    [".git/config", "is in .git"],
    [".git", "is in .git"],
    [".GIT/hooks/pre-commit", "is in .git"],
    ["src/.git/config", "is in .git"],
    ["hidden/config", "is in .git"],
    ["hidden/hooks/new", "is in .git"],
  ])("refuses %.20s", async (path, problem) => {
    const error: unknown = await resolveInWorkspace(root, path).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(WorkspacePathError);
    expect((error as Error).message).toContain(problem);
  });
});
