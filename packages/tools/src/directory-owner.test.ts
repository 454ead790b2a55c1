import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { isAbandoned, claimDirectory, type DirectoryOwner } from "./directory-owner.ts";

describe("isAbandoned", () => {
  let directory: string;
  let own: DirectoryOwner;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "orgtree-owner-test-"));
    claimDirectory(directory);
    own = JSON.parse(await readFile(join(directory, "owner.json"), "utf8")) as DirectoryOwner;
  });

  afterEach(async () => {
    await rm(directory, { recursive: true });
  });

  const isSo = async (text: string): Promise<boolean> => {
    await writeFile(join(directory, "owner.json"), text);
    return isAbandoned(directory);
  };

  test("not of a process that lives", () => {
    expect(own.pid).toBe(process.pid);
    expect(isAbandoned(directory)).toBe(false);
  });

  test("of one that has ended", async () => {
    const child = spawn(process.execPath, ["--version"]);
    await once(child, "close");
    expect(await isSo(JSON.stringify({ ...own, pid: child.pid }))).toBe(true);
  });

  test("not while a journal needs it, whoever is alive", async () => {
    const journal = join(directory, "run.journal");
    const text = JSON.stringify({ ...own, pid: 2 ** 22 + 1, journal });
    await writeFile(journal, "");
    expect(await isSo(text)).toBe(false);
    await rm(journal);
    expect(await isSo(text)).toBe(true);
  });

  test.runIf(process.platform === "linux")("of one whose id another process has now", async () => {
    expect(await isSo(JSON.stringify({ ...own, start: `${own.start}0` }))).toBe(true);
  });

  test("not where its id means nothing here", async () => {
    expect(await isSo(JSON.stringify({ ...own, pid: 2 ** 22 + 1, place: "elsewhere" }))).toBe(false);
  });

  test.each(["", "{", "null", "{}", '{"pid":-1,"place":""}', '{"pid":"1"}'])("not where nobody knows whose it is: %j", async (text) => {
    expect(await isSo(text)).toBe(false);
  });

  test("not without a word about it", async () => {
    await rm(join(directory, "owner.json"));
    expect(isAbandoned(directory)).toBe(false);
  });
});
