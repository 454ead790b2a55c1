/** Files that are no journals, or cannot be read now: told by name, with what to do, and told from damage. */
import { execFile } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { tamper } from "../../test-support/journal-file.ts";
import { writeRandomJournal } from "../../test-support/random-journal.ts";
import { temporaryDirectory } from "../../test-support/temporary-directory.ts";
import { exportJournal } from "./export-journal.ts";
import { repairJournal } from "./repair-journal.ts";
import { verifyJournal } from "./verify-journal.ts";

const execute = promisify(execFile);
let directory: AsyncDisposable & { readonly path: string };
let sound: string;

beforeAll(async () => {
  directory = await temporaryDirectory();
  sound = join(directory.path, "sound");
  await writeRandomJournal(sound, { entries: 40, seed: 3 });
}, 60_000);

afterAll(() => directory[Symbol.asyncDispose]());

function copyOf(name: string): string {
  const path = join(directory.path, name);
  copyFileSync(sound, path);
  return path;
}

test.each([
  { what: "missing", make: (path: string) => path, says: "there is no such file; give the path of a journal" },
  { what: "a directory", make: () => directory.path, says: "it is a directory; give the path of a file" },
  { what: "empty", make: (path: string) => (writeFileSync(path, ""), path), says: "nothing of a journal is in it; give another path, or" },
  { what: "a text", make: (path: string) => (writeFileSync(path, "Dear Sir,\n".repeat(900)), path), says: "nothing of a journal is in it" },
  {
    what: "foreign",
    make: (path: string) => tamper(path, "CREATE TABLE t (a)"),
    says: "it is a database of something else; give another path",
  },
  {
    what: "newer",
    make: (path: string) => tamper(copyOf("newer") ?? path, "PRAGMA user_version = 99"),
    says: "it was written by a newer version of orgtree (schema 99, this one knows 5); update orgtree",
  },
])("a file that is $what is refused by verify, repair and export, and nothing is made of it", async ({ what, make, says }) => {
  const path = make(join(directory.path, `is ${what}`));
  const to = join(directory.path, `mended ${what}`);
  await expect(verifyJournal(path)).rejects.toThrow(`journal ${path}: ${says}`);
  await expect(repairJournal(path, { to })).rejects.toThrow(`journal ${path}: ${says}`);
  await expect(exportJournal(path).next()).rejects.toThrow(`journal ${path}: ${says}`);
  expect(readdirSync(directory.path)).not.toContain(`mended ${what}`);
});

test("a file of a newer version that is damaged besides is damaged, and what is sound can be had", async () => {
  const path = tamper(copyOf("newer and damaged"), "PRAGMA user_version = 99");
  const bytes = readFileSync(path);
  writeFileSync(path, bytes.subarray(0, bytes.length - 8_192));
  expect(await verifyJournal(path)).toMatchObject({ isSound: false, schemaVersion: 99 });
});

test("a file that another process has locked is not called damaged", { timeout: 30_000 }, async () => {
  const path = copyOf("locked");
  const database = new DatabaseSync(path);
  database.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; UPDATE journal SET epoch = epoch");
  await expect(verifyJournal(path)).rejects.toThrow("another process keeps it busy (database is locked); try again when that one is done");
  database.close();
  expect(await verifyJournal(path)).toMatchObject({ isSound: true });
});

test("a journal is read where nothing may be written, and one that may not be read says so", async () => {
  const shelf = join(directory.path, "shelf");
  mkdirSync(shelf);
  const path = copyOf("shelf/kept");
  const secret = copyOf("secret");
  for (const [name, mode] of [
    [directory.path, 0o755],
    [path, 0o444],
    [shelf, 0o555],
    [secret, 0],
  ] as const)
    chmodSync(name, mode);
  const asNobody = async (file: string): Promise<unknown> => {
    const fixture = fileURLToPath(new URL("read-as-nobody.fixture.ts", import.meta.url));
    const { stdout } = await execute(process.execPath, ["--conditions=@orgtree/source", fixture, file]);
    return JSON.parse(stdout);
  };
  const { entries } = await verifyJournal(sound);
  expect(await asNobody(path)).toEqual({ verified: true, read: entries });
  expect(readdirSync(shelf)).toEqual(["kept"]);
  const remedy = "look at the owner and the permissions of the file and its directory";
  expect(await asNobody(secret)).toEqual({ verified: expect.stringContaining(remedy), read: expect.stringContaining(remedy) });
  chmodSync(shelf, 0o755);
});
