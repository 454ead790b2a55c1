import { existsSync, readFileSync, readlinkSync, symlinkSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { leftovers } from "../test-support/leftovers.ts";
import { fingerprint, gitIn, makeRepository, writeFiles } from "../test-support/repository.ts";
import { directoryOfEachTest } from "../test-support/test-directory.ts";
import { runCommand } from "./command.ts";
import { OutsideLinkError } from "./errors.ts";
import { createWorkspace } from "./workspace.ts";

const directory = directoryOfEachTest();
let repo: string;

beforeEach(() => {
  repo = join(directory.path, "repo");
  makeRepository(repo, { "src/a.txt": "a\n", "docs/b.txt": "b\n" });
});

/** Adds a tracked link, `from` the top of the repository. */
function track(path: string, target: string): void {
  mkdirSync(join(repo, path, ".."), { recursive: true });
  symlinkSync(target, join(repo, path));
  gitIn(repo, "add", "--all", "--force");
  gitIn(repo, "commit", "--quiet", "--message=link");
}

describe("a link of the repository", () => {
  test.each([
    ["absolute", () => join(repo, "src/a.txt"), "../src/a.txt"],
    ["one that goes out and in again", () => "../../repo/src/a.txt", "../src/a.txt"],
    ["to the top itself", () => repo, ".."],
  ])(
    "into the original, %s, leads into the copy: a command that writes through it leaves the original alone",
    async (_how, target, rewritten) => {
      track("docs/link", target());
      const original = fingerprint(repo);
      await using workspace = await createWorkspace({ repo });
      expect(readlinkSync(join(workspace.root, "docs/link"))).toBe(rewritten);
      const file = rewritten === ".." ? "docs/link/src/a.txt" : "docs/link";
      await runCommand({ command: `echo written > ${file}`, cwd: workspace.root });
      expect(fingerprint(repo)).toEqual(original);
      expect(await workspace.changedFiles()).toEqual([{ path: "src/a.txt", change: "modified" }]);
      await using checkout = await workspace.checkout(await workspace.checkpoint());
      expect(readFileSync(join(checkout.root, file), "utf8")).toBe("written\n");
    },
  );

  test("is found inside also when it names the original by another link", async () => {
    symlinkSync(repo, join(directory.path, "alias"));
    track("docs/link", join(directory.path, "alias/src/a.txt"));
    await using workspace = await createWorkspace({ repo });
    expect(readlinkSync(join(workspace.root, "docs/link"))).toBe("../src/a.txt");
  });

  test.each([
    ["absolutely", "/etc/hostname"],
    ["to nothing", "/nowhere/at/all"],
    ["by climbing", "../../outside.txt"],
    ["over another link", "top/../outside.txt"],
  ])("that leads out %s is refused, with its name and the remedy, and nothing is left", async (_how, target) => {
    writeFiles(directory.path, { "outside.txt": "outside\n" });
    track("docs/top", "..");
    track("docs/link", target);
    const error: unknown = await createWorkspace({ repo }).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(OutsideLinkError);
    expect(error).toMatchObject({ link: "docs/link", target, message: expect.stringContaining("make it a relative link") });
    expect(leftovers()).toEqual(directory.before);
  });

  test.each(["../src/a.txt", "b.txt", "nothing-there", "../.", "../src/../docs/link"])(
    "that stays inside, as %s does, is copied as it is",
    async (target) => {
      track("docs/link", target);
      await using workspace = await createWorkspace({ repo });
      expect(readlinkSync(join(workspace.root, "docs/link"))).toBe(target);
      expect(await workspace.diff()).toBe("");
      expect(existsSync(workspace.root)).toBe(true);
    },
  );
});
