/** Journals that are named by a link: SQLite keeps the log beside the file itself. */
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { collect, entry } from "../../test-support/collect.ts";
import { copyJournal } from "../../test-support/random-journal.ts";
import { temporaryDirectory } from "../../test-support/temporary-directory.ts";
import { exportJournal } from "../salvage/export-journal.ts";
import { repairJournal } from "../salvage/repair-journal.ts";
import { verifyJournal } from "../salvage/verify-journal.ts";
import { forkFile } from "./fork-file.ts";
import { openSqliteJournal } from "./sqlite-journal.ts";
import { openSqliteJournalReader } from "./sqlite-reader.ts";

let directory: AsyncDisposable & { readonly path: string };
/** Died with ten entries in the file and ten more in its log. */
let real: string;
beforeEach(async () => {
  directory = await temporaryDirectory();
  for (const name of ["real", "links"]) mkdirSync(join(directory.path, name));
  const living = join(directory.path, "living.journal");
  real = join(directory.path, "real", "org.journal");
  const before = await openSqliteJournal(living);
  for (let seq = 0; seq < 10; seq++) await before.append([entry("/a", seq, { kind: "whole" })]);
  await before.close();
  await using journal = await openSqliteJournal(living);
  for (let seq = 10; seq < 20; seq++) await journal.append([entry("/a", seq, { kind: "whole" })]);
  copyJournal(living, real);
});
afterEach(() => directory[Symbol.asyncDispose]());

const at = (...names: readonly string[]): string => join(directory.path, ...names);

/** A link in another directory. */
function link(name: string, target: string): string {
  const path = at("links", name);
  symlinkSync(target, path);
  return path;
}

test.each([
  { how: "a link", make: () => link("a.journal", real) },
  { how: "a link to a link", make: () => link("b.journal", link("a.journal", "../real/org.journal")) },
  { how: "a linked directory", make: () => join(link("shelf", at("real")), "org.journal") },
])("what is in the log is seen through $how, by verify, repair, export, readers and writers", async ({ make }) => {
  const path = make();
  expect(await verifyJournal(path)).toMatchObject({ isSound: true, entries: 20, epoch: 2 });
  expect(await repairJournal(path, { to: at("mended") })).toMatchObject({ kept: 20, from: real });
  expect(await collect(exportJournal(path))).toHaveLength(20);
  await using reader = openSqliteJournalReader(path);
  expect(await collect(reader.read())).toHaveLength(20);
  await using journal = await openSqliteJournal(path, { takeOver: true });
  expect(await collect(journal.read())).toHaveLength(20);
});

test("what is wrong with a log is found through a link", async () => {
  const path = link("a.journal", real);
  const log = readFileSync(`${real}-wal`);
  log[Math.floor(log.length / 2)]! ^= 1;
  writeFileSync(`${real}-wal`, log);
  expect(() => openSqliteJournalReader(path)).toThrow("its log (-wal) is damaged, and SQLite would forget what lies behind");
  truncateSync(real, 0);
  await expect(openSqliteJournal(path, { takeOver: true })).rejects.toThrow(/its log \(-wal\) is/);
  expect(readFileSync(`${real}-wal`)).toEqual(log);
});

test("a writer through a link is known to one through the file itself", async () => {
  await using journal = await openSqliteJournal(link("a.journal", real), { takeOver: true });
  await expect(openSqliteJournal(real)).rejects.toMatchObject({ name: "JournalLockedError" });
  await journal.append([entry("/a", 20)]);
});

test("what is made through a link that leads to nothing is made where the link leads, and nothing is left there by what fails", async () => {
  const made = link("new.journal", at("real", "new.journal"));
  await (await openSqliteJournal(made)).close();
  expect(readdirSync(at("links"))).toEqual(["new.journal"]);
  expect(await verifyJournal(at("real", "new.journal"))).toMatchObject({ isSound: true });
  await repairJournal(real, { to: link("mended", at("real", "mended")) });
  await forkFile(real, { to: link("fork", at("real", "fork")) });
  expect(readdirSync(at("real"))).toEqual(expect.arrayContaining(["mended", "fork"]));
  for (const name of ["mended", "fork"]) expect(await verifyJournal(at("links", name))).toMatchObject({ isSound: true, entries: 20 });
  expect(readdirSync(at("links")).toSorted()).toEqual(["fork", "mended", "new.journal"]);
  const failed = link("failed", at("real", "failed"));
  await expect(forkFile(real, { to: failed, at: { checkpoint: "none" } })).rejects.toThrow("there is no checkpoint");
  expect(existsSync(at("real", "failed"))).toBe(false);
});

test("links that lead nowhere are refused by name", async () => {
  const circle = link("circle", at("links", "circle"));
  const nowhere = link("nowhere", at("gone", "org.journal"));
  await expect(openSqliteJournal(circle)).rejects.toThrow(`journal ${circle}: its links lead in a circle; give the path of a file`);
  await expect(verifyJournal(circle)).rejects.toThrow(`journal ${circle}: its links lead in a circle`);
  await expect(repairJournal(real, { to: circle })).rejects.toThrow(`journal ${circle}: its links lead in a circle`);
  await expect(openSqliteJournal(nowhere)).rejects.toThrow(`the directory ${at("gone")} does not exist; make it first`);
  await expect(verifyJournal(nowhere)).rejects.toThrow("there is no such file");
});
