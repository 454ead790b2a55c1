import { execFileSync, spawnSync } from "node:child_process";
import { readlinkSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { SpecError } from "@orgtree/core";
import { beforeEach, describe, expect, test } from "vitest";
import { fingerprint, makeRepository, writeFiles } from "../test-support/repository.ts";
import { directoryOfEachTest } from "../test-support/test-directory.ts";
import { runCommand } from "./command.ts";
import { createWorkspace } from "./workspace.ts";

const directory = directoryOfEachTest();
let repo: string;

const hasPython = spawnSync("python3", ["-c", "import venv"]).status === 0;

beforeEach(() => {
  repo = makeRepository(join(directory.path, "repo"), {
    "src/answer.py": "answer = 'original'\n",
    ".gitignore": "node_modules/\n.venv/\n",
  });
});

describe("ignoredPaths", () => {
  test("refuse a path that is not ignored: new work in it would be in no patch", async () => {
    const error: unknown = await createWorkspace({ repo, ignoredPaths: ["src/"] }).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(SpecError);
    expect((error as Error).message).toContain("src/: is not ignored, since src/answer.py is in it");
  });

  test("turn links into the original into links into the copy, and leave those to the system", async () => {
    writeFiles(repo, { "node_modules/x/index.js": "" });
    symlinkSync(join(repo, "src"), join(repo, "node_modules/self"));
    symlinkSync("/bin/sh", join(repo, "node_modules/sh"));
    symlinkSync("../../beside", join(repo, "node_modules/beside"));
    symlinkSync("x/index.js", join(repo, "node_modules/x.js"));
    await using workspace = await createWorkspace({ repo, ignoredPaths: ["node_modules"] });
    const links = ["self", "sh", "beside", "x.js"].map((name) => readlinkSync(join(workspace.root, "node_modules", name)));
    expect(links).toEqual(["../src", "/bin/sh", join(directory.path, "beside"), "x/index.js"]);
  });

  test.skipIf(!hasPython)("make a virtualenv run in the copy and import from it, though its programs name the original", async () => {
    execFileSync("python3", ["-m", "venv", "--without-pip", join(repo, ".venv")]);
    const library = execFileSync("sh", ["-c", "echo .venv/lib/python*/site-packages"], { cwd: repo, encoding: "utf8" }).trim();
    const launcher = `#!${join(repo, ".venv/bin/python")}\nimport answer, sys\nprint(answer.answer, answer.__file__, sys.prefix)\n`;
    writeFiles(repo, { ".venv/bin/tell": launcher, [`${library}/editable.pth`]: `${join(repo, "src")}\n` });
    execFileSync("chmod", ["755", join(repo, ".venv/bin/tell")]);
    const original = fingerprint(repo);
    await using workspace = await createWorkspace({ repo, ignoredPaths: [".venv"] });
    writeFiles(workspace.root, { "src/answer.py": "answer = 'changed'\n" });
    await using checkout = await workspace.checkout(await workspace.checkpoint());
    const { stdout, stderr } = await runCommand({ command: ".venv/bin/tell", cwd: checkout.root });
    const expected = `changed ${join(checkout.root, "src/answer.py")} ${join(checkout.root, ".venv")}\n`;
    expect({ stdout, stderr }).toEqual({ stdout: expected, stderr: "" });
    expect(await workspace.changedFiles()).toEqual([{ path: "src/answer.py", change: "modified" }]);
    expect(fingerprint(repo)).toEqual(original);
  });
});
