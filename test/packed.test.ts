import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { fileOf, listingsOf } from "./docs/listings.ts";

const top = fileURLToPath(new URL("../", import.meta.url));
const packages = ["core", "journal", "runtime", "model", "tools", "org", "orgtree", "cluster", "nats", "node", "cli"];
/** What an earlier build has made of a file that is no more. */
const earlier = join("packages", "runtime", "dist", "earlier.js");
const exec = promisify(execFile);

/** What a user has: the packages as they would be published, installed in an empty project outside of the repository. */
describe("the packed packages", { timeout: 300_000 }, () => {
  let project: string;

  beforeAll(async () => {
    project = await mkdtemp(join(tmpdir(), "orgtree-packed-"));
    await mkdir(join(top, earlier, ".."), { recursive: true });
    await writeFile(join(top, earlier), "");
    await exec("npm", ["run", "--silent", "build"], { cwd: top });
    const from = packages.map((name) => join(top, "packages", name));
    await exec("npm", ["pack", "--silent", "--pack-destination", project, ...from], { cwd: top });
    await writeFile(join(project, "package.json"), JSON.stringify({ name: "a-user", private: true, type: "module" }));
    const tarballs = (await readdir(project)).filter((name) => name.endsWith(".tgz")).map((name) => `./${name}`);
    await exec("npm", ["install", "--no-audit", "--no-fund", "--prefer-offline", ...tarballs], { cwd: project });
  }, 300_000);

  afterAll(async () => {
    await rm(project, { recursive: true, force: true });
  });

  test("run the hello", async () => {
    await cp(join(top, "examples", "01-hello.ts"), join(project, "hello.ts"));
    const { stdout } = await exec(process.execPath, ["hello.ts"], { cwd: project });
    expect(stdout).toBe("The sea is wide and old.\n");
  });

  test("pass the compiler with the listings and the settings of the durable guide", async () => {
    const page = new URL("../docs/durable-guide.md", import.meta.url);
    for (const { name, text } of listingsOf(page)) await writeFile(join(project, name), text);
    await writeFile(join(project, "tsconfig.json"), fileOf(page, "json tsconfig.json"));
    // The page installs them from the registry.
    for (const name of ["@types", "undici-types"]) await symlink(join(top, "node_modules", name), join(project, "node_modules", name));
    const { stdout } = await exec(join(top, "node_modules", ".bin", "tsc"), [], { cwd: project }).catch(
      (error: { readonly stdout: string }) => error,
    );
    expect(stdout).toBe("");
  });

  test("bring the command", async () => {
    const { stdout } = await exec(join(project, "node_modules", ".bin", "orgtree"), ["--version"], { cwd: project });
    expect(stdout).toMatch(/^(orgtree )?\d+\.\d+\.\d+\n$/);
  });

  test("bring their types, and hold no tests and nothing of an earlier build", async () => {
    const files = await readdir(join(project, "node_modules", "@orgtree", "runtime"), { recursive: true });
    expect(files).toContain(join("dist", "index.d.ts"));
    expect(files.filter((file) => /\.(test|fixture)\.|earlier\.js/.test(file))).toEqual([]);
  });

  test("stay small: at most 40 packages, and 11 MB of files beside the openai SDK", async () => {
    const lock = await readFile(join(project, "node_modules", ".package-lock.json"), "utf8");
    const installed = Object.keys((JSON.parse(lock) as { readonly packages: object }).packages);
    const sizeOf = async (...path: readonly string[]): Promise<number> => {
      const { stdout } = await exec("du", ["-sk", "--apparent-size", join(project, "node_modules", ...path)]);
      return Number(stdout.split("\t")[0]) / 1024;
    };
    expect(installed.length).toBeLessThanOrEqual(40);
    expect((await sizeOf()) - (await sizeOf("openai"))).toBeLessThanOrEqual(11);
  });
});
