import { randomBytes } from "node:crypto";
import { chmodSync, copyFileSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { JournalError, JournalVersionError } from "@orgtree/core";
import { describe, expect, test } from "vitest";
import { collect, entry, seqs } from "../../test-support/collect.ts";
import { makeOldJournal } from "../../test-support/old-journal.ts";
import { asNobody } from "../../test-support/as-nobody.ts";
import { failure, journalFileOfEachTest, tamper } from "../../test-support/journal-file.ts";
import { verifyJournal } from "../salvage/verify-journal.ts";
import { applicationId, schemaVersion } from "./schema.ts";
import { openSqliteJournal } from "./sqlite-journal.ts";
import { openSqliteJournalReader } from "./sqlite-reader.ts";

const file = journalFileOfEachTest();

describe("the file", () => {
  test("is one file after close, and opens again", async () => {
    const journal = await openSqliteJournal(file.path);
    await journal.append([entry("/a", 1, { kind: "whole" })]);
    await journal.close();
    expect(await readdir(file.directory)).toEqual(["org.journal"]);
    await using again = await openSqliteJournal(file.path);
    expect(seqs((await again.image("/a"))?.entries)).toEqual([1]);
  });

  test("of an older schema is brought up to date, and what is in it stays", async () => {
    const written = makeOldJournal(file.path);
    expect(() => openSqliteJournalReader(file.path)).toThrow(
      /its schema is 1 and this version of orgtree reads 5; open it for writing once/,
    );
    expect(await verifyJournal(file.path)).toMatchObject({ isSound: true, schemaVersion: 1, entries: written.length });
    await using journal = await openSqliteJournal(file.path);
    expect(await collect(journal.read())).toEqual(written);
    expect(seqs(await collect(journal.read({ mark: "first" })))).toEqual([1]);
    expect(journal.epoch).toBe(4);
    await journal.append([entry("/a", 3)]);
    await journal.compact();
    expect(await verifyJournal(file.path)).toMatchObject({ isSound: true, schemaVersion });
  });

  test("is left as it was when a migration fails", async () => {
    makeOldJournal(file.path);
    tamper(file.path, "CREATE TABLE entries_by_mark (in_the_way)");
    const error = await failure(openSqliteJournal(file.path));
    expect(error).toBeInstanceOf(JournalError);
    expect(String(error)).toMatch(/could not be brought from schema 1 to 2: .*entries_by_mark.*; nothing was changed/);
    tamper(file.path, "DROP TABLE entries_by_mark");
    await using journal = await openSqliteJournal(file.path);
    expect(await collect(journal.read())).toHaveLength(3);
  });

  test("of a newer version is refused, with both versions", async () => {
    await (await openSqliteJournal(file.path)).close();
    tamper(file.path, "PRAGMA user_version = 99");
    const error = await failure(openSqliteJournal(file.path));
    expect(error).toBeInstanceOf(JournalVersionError);
    expect(String(error)).toContain(`newer version of orgtree (schema 99, this one knows ${schemaVersion}); update orgtree`);
    expect(() => openSqliteJournalReader(file.path)).toThrow(JournalVersionError);
    expect(await failure(verifyJournal(file.path))).toBeInstanceOf(JournalVersionError);
  });

  test.each([
    ["another application's", `PRAGMA application_id = 77; CREATE TABLE mine (x)`],
    ["an unmarked", "CREATE TABLE mine (x)"],
    [
      "a database with our number and nothing of ours",
      `PRAGMA application_id = ${applicationId}; PRAGMA user_version = 9; CREATE TABLE mine (x)`,
    ],
  ])("that is %s database is refused and not changed", async (_, sql) => {
    tamper(file.path, `PRAGMA journal_mode = DELETE; ${sql}`);
    expect(await failure(openSqliteJournal(file.path))).toBeInstanceOf(JournalVersionError);
    expect(() => openSqliteJournalReader(file.path)).toThrow(JournalVersionError);
    expect(await failure(verifyJournal(file.path))).toBeInstanceOf(JournalVersionError);
    const database = new DatabaseSync(file.path);
    expect(database.prepare("PRAGMA journal_mode").get()).toEqual({ journal_mode: "delete" });
    expect(database.prepare("SELECT name FROM sqlite_schema").all()).toEqual([{ name: "mine" }]);
    database.close();
  });

  test("that is no database is refused", async () => {
    await writeFile(file.path, "not a database, but a text that somebody wrote, long enough to have a header of a hundred bytes in it ...");
    const error = await failure(openSqliteJournal(file.path));
    expect(error).toMatchObject({ name: "JournalDamagedError", journal: file.path });
    expect(String(error)).toContain("it is no SQLite database");
    expect(() => openSqliteJournalReader(file.path)).toThrow(/no SQLite database/);
    expect(String(await failure(verifyJournal(file.path)))).toContain("nothing of a journal is in it");
  });

  test("that is cut off is refused for writing, and what is left can be seen", async () => {
    const journal = await openSqliteJournal(file.path);
    const data = new Uint8Array(randomBytes(3_000));
    for (let seq = 0; seq < 40; seq++) await journal.append([entry("/a", seq, { data, kind: "whole" })]);
    await journal.close();
    truncateSync(file.path, 65_536);
    const error = await failure(openSqliteJournal(file.path));
    expect(error).toMatchObject({ name: "JournalDamagedError" });
    const report = await verifyJournal(file.path);
    expect(report.isSound).toBe(false);
    expect(report.problems.join()).toMatch(/it is cut off: 8 of \d+ pages are there/);
    expect(report.entries).toBeGreaterThan(0);
  });

  test("whose log is damaged in the middle is refused: what lies behind was stored", async () => {
    const journal = await openSqliteJournal(file.path);
    for (let seq = 0; seq < 20; seq++) await journal.append([entry("/a", seq, { kind: "whole" })]);
    const copy = join(file.directory, "copy.journal");
    copyFileSync(file.path, copy);
    const log = readFileSync(`${file.path}-wal`);
    log[Math.floor(log.length / 2)]! ^= 1;
    writeFileSync(`${copy}-wal`, log);
    expect(String(await failure(openSqliteJournal(copy)))).toMatch(/its log \(-wal\) is damaged, and SQLite would forget what lies behind/);
    expect(await verifyJournal(copy)).toMatchObject({ isSound: false });
    await journal.close();
  });

  test.each([0, 1])("of which %d bytes are left beside a log is refused: SQLite would delete the log", async (bytes) => {
    await using journal = await openSqliteJournal(file.path);
    await journal.append([entry("/a", 0, { kind: "whole" })]);
    const copy = join(file.directory, "copy.journal");
    copyFileSync(file.path, copy);
    copyFileSync(`${file.path}-wal`, `${copy}-wal`);
    truncateSync(copy, bytes);
    expect(String(await failure(openSqliteJournal(copy)))).toMatch(/it is empty, and its log \(-wal\) is not/);
    // All that there was is in the log.
    expect(await verifyJournal(copy)).toMatchObject({ isSound: false, entries: 1 });
    expect(readFileSync(`${copy}-wal`)).toEqual(readFileSync(`${file.path}-wal`));
  });

  test("in a directory that is not there is refused with what to do; so is a directory", async () => {
    const missing = join(file.directory, "nowhere", "org.journal");
    expect(String(await failure(openSqliteJournal(missing)))).toContain(
      `the directory ${join(file.directory, "nowhere")} does not exist; make it first`,
    );
    expect(String(await failure(openSqliteJournal(file.directory)))).toContain("it is a directory; give the path of a file");
    expect(() => openSqliteJournalReader(file.path)).toThrow("there is no such file");
    expect(String(await failure(verifyJournal(file.path)))).toContain("there is no such file");
  });

  test("that may only be read is refused for writing, and can be read", async () => {
    const journal = await openSqliteJournal(file.path);
    await journal.append([entry("/a", 1, { kind: "whole" })]);
    await journal.close();
    chmodSync(file.path, 0o444);
    chmodSync(file.directory, 0o777);
    await asNobody(async () => {
      const error = await failure(openSqliteJournal(file.path));
      expect(error).toMatchObject({ name: "JournalError", outcome: "not-done" });
      expect(String(error)).toContain("it is read-only for this process; give it write permission");
      await using reader = openSqliteJournalReader(file.path);
      expect(seqs((await reader.image("/a"))?.entries)).toEqual([1]);
    });
  });

  test("that may not be read, or made, is refused", async () => {
    await (await openSqliteJournal(file.path)).close();
    chmodSync(file.path, 0o000);
    const closed = join(file.directory, "closed");
    mkdirSync(closed, { mode: 0o555 });
    chmodSync(file.directory, 0o755);
    await asNobody(async () => {
      for (const one of [file.path, join(closed, "org.journal")]) {
        expect(String(await failure(openSqliteJournal(one)))).toContain("it cannot be opened; look at the owner and the permissions");
      }
      expect(() => openSqliteJournalReader(file.path)).toThrow("it cannot be opened; look at the owner");
    });
  });
});

test("content that says the same twice takes the place of one copy", async () => {
  const journal = await openSqliteJournal(file.path);
  const text = (): string => randomBytes(768).toString("base64");
  for (let seq = 0; seq < 100; seq++)
    await journal.append([entry("/a", seq, { kind: "whole", text: JSON.stringify(Array(2).fill(text())) })]);
  await journal.close();
  expect((await verifyJournal(file.path)).dataBytes / 100).toBeLessThan(850);
});
