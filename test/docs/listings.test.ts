import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { commandsOf, importsOf, listingsOf, sessionsOf, unnamedListings } from "./listings.ts";

const top = new URL("../../", import.meta.url);
const execute = promisify(execFile);
const { callProgram } = createRequire(import.meta.url)("@orgtree/cli/testing") as typeof import("@orgtree/cli/testing");

const pages = ["README.md", "docs/guide.md", "docs/durable-guide.md", "docs/journal.md", "docs/cluster.md"].map((name) => ({
  name,
  url: new URL(name, top),
}));
const listings = pages.flatMap(({ url }) => listingsOf(url));

/** Without times and random numbers, and sizes in which paths of files are; with the blanks that align what stands beside them. */
function withoutChance(text: string): string {
  return text
    .replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}/g, "TIME")
    .replaceAll(/trace \w+/g, "trace")
    .replaceAll(/run [0-9a-f]{16}/g, "run")
    .replaceAll(/\b[0-9a-f]{16}\//g, "RUN/")
    .replaceAll(/"askId":\d+/g, "askId")
    .replaceAll(/[\d.]+ k?B/g, "SIZE")
    .replaceAll(/ +/g, " ");
}

/** A directory in which `node` and `npx orgtree` are what a project of one's own has. */
async function makeCommands(bin: string): Promise<string> {
  await mkdir(bin);
  const main = fileURLToPath(new URL("packages/cli/src/main.ts", top));
  const scripts = { node: `exec "${process.execPath}" "$@"`, npx: `shift; exec "${process.execPath}" "${main}" "$@"` };
  for (const [name, script] of Object.entries(scripts)) {
    await writeFile(join(bin, name), `#!/bin/sh\n${script}\n`);
    await chmod(join(bin, name), 0o755);
  }
  return bin;
}

/** What a reader copies has to work: it is type-checked and run as it stands in the pages. */
describe("the listings of the pages", () => {
  let directory: string;

  beforeAll(async () => {
    // Inside the clone, as the pages say: packages are found from there.
    await mkdir(new URL(".orgtree/", top), { recursive: true });
    directory = await mkdtemp(fileURLToPath(new URL(".orgtree/listings-", top)));
    for (const { name, text } of listings) await writeFile(join(directory, name), text);
    const tsBuildInfoFile = fileURLToPath(new URL("node_modules/.cache/listings.tsbuildinfo", top));
    const base = fileURLToPath(new URL("tsconfig.json", top));
    const tsconfig = { extends: base, compilerOptions: { tsBuildInfoFile }, include: ["*.ts"], exclude: [] };
    await writeFile(join(directory, "tsconfig.json"), JSON.stringify(tsconfig));
  });

  afterAll(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  test.each(pages)("of $name have names, each its own", ({ url }) => {
    expect(unnamedListings(url)).toEqual([]);
    const names = listings.map(({ name }) => name);
    expect(names).toEqual([...new Set(names)]);
  });

  test("are right to the compiler", async () => {
    const tsc = fileURLToPath(new URL("node_modules/.bin/tsc", top));
    const { stdout } = await execute(tsc, ["-p", directory]).catch((error: { readonly stdout: string }) => error);
    expect(stdout).toBe("");
  });

  test.concurrent.each(listings.filter(({ prints }) => prints !== undefined))("$name prints what stands below it", async (listing) => {
    const { stdout } = await execute(process.execPath, ["--conditions=@orgtree/source", listing.name], { cwd: directory });
    expect(stdout).toBe(listing.prints);
  });

  test("pass the lint where they export an organization", async () => {
    const place = { cwd: directory, temporary: tmpdir(), env: {} };
    expect(await callProgram(["lint", "my-org.ts"], place)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("0 errors, 0 warnings"),
    });
    const { stdout } = await callProgram(["tree", "my-org.ts"], place);
    expect(stdout).toContain("├─ worker\n");
  });

  test("in docs/journal.md leave what the commands below them print", async () => {
    const page = new URL("docs/journal.md", top);
    await execute(process.execPath, ["--conditions=@orgtree/source", "counting.ts"], { cwd: directory });
    for (const { command, prints } of sessionsOf(page)) {
      const args = command.replace("npm run orgtree -- ", "").split(" ");
      const { code, stdout, stderr } = await callProgram(args, { cwd: directory, temporary: tmpdir(), env: {} });
      expect({ command, code, stderr }).toEqual({ command, code: 0, stderr: "" });
      if (prints !== "") expect(withoutChance(stdout)).toBe(withoutChance(prints));
    }
  });

  test("in docs/durable-guide.md and the commands below them print what stands there, one after the other", async () => {
    const page = new URL("docs/durable-guide.md", top);
    const sessions = sessionsOf(page).filter(({ command }) => /^(node|npx) /.test(command));
    expect(sessions.length).toBeGreaterThan(5);
    const bin = await makeCommands(join(directory, "bin"));
    const env = { PATH: `${bin}:${process.env["PATH"]}`, NODE_OPTIONS: "--conditions=@orgtree/source" };
    for (const { command, prints } of sessions) {
      // What ends by a signal, or with a failure, is part of the story.
      const { stdout, stderr } = await execute("sh", ["-c", command], { cwd: directory, env }).catch(
        (error: { readonly stdout: string; readonly stderr: string }) => error,
      );
      expect({ command, stderr: stderr.replaceAll(/^.*Killed.*\n/gm, "") }).toEqual({ command, stderr: "" });
      if (prints !== "") expect(withoutChance(stdout)).toBe(withoutChance(prints));
    }
  });

  test("in README.md are the examples that they show", async () => {
    const [hello] = listingsOf(pages[0]!.url);
    expect(await readFile(new URL("examples/01-hello.ts", top), "utf8")).toContain(hello!.text);
  });
});

describe("the READMEs of the packages", () => {
  const names = ["core", "journal", "runtime", "model", "tools", "org", "orgtree"];
  const imports = names.flatMap((name) => importsOf(new URL(`packages/${name}/README.md`, top)));

  test.each(imports)("import from $from what it exports: $what", async ({ what, from }) => {
    const exported = (await import(from)) as object;
    expect(Object.keys(exported)).toEqual(expect.arrayContaining([...what]));
  });
});

describe("the commands of the pages", () => {
  const commands = pages.flatMap(({ url }) => commandsOf(url)).flatMap((line) => line.replace(/ *#.*/, "").split(" && "));

  test.each(commands.filter((command) => command.startsWith("npm ")))("%s: the script is there, and its options are", async (command) => {
    const { scripts } = JSON.parse(await readFile(new URL("package.json", top), "utf8")) as { readonly scripts: Record<string, string> };
    const [, name] = /^npm (?:run )?(\w+)/.exec(command)!;
    expect([...Object.keys(scripts), "install", "pack"]).toContain(name);
    const [, topic, rest = ""] = /^npm run orgtree -- (\w+)(.*)/.exec(command) ?? [];
    if (topic === undefined) return;
    const { code, stdout } = await callProgram(["help", topic], { cwd: ".", temporary: tmpdir(), env: {} });
    expect(code).toBe(0);
    for (const [option] of rest.matchAll(/--[a-z-]+/g)) expect(stdout).toContain(`  ${option} `);
  });
});
