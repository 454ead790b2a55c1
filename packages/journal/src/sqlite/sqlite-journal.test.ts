import { randomBytes } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { readdir, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { deflateRawSync, zstdCompressSync } from "node:zlib";
import {
  type JournalDamagedError,
  JournalError,
  JournalFencedError,
  JournalFullError,
  JournalLockedError,
  JournalVersionError,
} from "@orgtree/core";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { collect, entry, seqs } from "../../test-support/collect.ts";
import { makeOldJournal } from "../../test-support/old-journal.ts";
import { asNobody } from "../../test-support/as-nobody.ts";
import { temporaryDirectory } from "../../test-support/temporary-directory.ts";
import { checksumOf } from "../checksum.ts";
import { exportJournal } from "../salvage/export-journal.ts";
import { repairJournal } from "../salvage/repair-journal.ts";
import { verifyJournal } from "../salvage/verify-journal.ts";
import { applicationId, schemaVersion } from "./schema.ts";
import { openLinked, openSqliteJournal } from "./sqlite-journal.ts";
import { openSqliteJournalReader } from "./sqlite-reader.ts";

let directory: AsyncDisposable & { readonly path: string };
let path: string;
beforeEach(async () => {
  directory = await temporaryDirectory();
  path = join(directory.path, "org.journal");
});
afterEach(() => directory[Symbol.asyncDispose]());

const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => expect.unreachable("it was done"),
    (error: unknown) => error,
  );

/** Does something to the file past the journal. */
function tamper(sql: string, at = path): void {
  const database = new DatabaseSync(at);
  database.exec(sql);
  database.close();
}

describe("the file", () => {
  test("is one file after close, and opens again", async () => {
    const journal = await openSqliteJournal(path);
    await journal.append([entry("/a", 1, { kind: "whole" })]);
    await journal.close();
    expect(await readdir(directory.path)).toEqual(["org.journal"]);
    await using again = await openSqliteJournal(path);
    expect(seqs((await again.image("/a"))?.entries)).toEqual([1]);
  });

  test("of an older schema is brought up to date, and what is in it stays", async () => {
    const written = makeOldJournal(path);
    expect(() => openSqliteJournalReader(path)).toThrow(/its schema is 1 and this version of orgtree reads 3; open it for writing once/);
    expect(await verifyJournal(path)).toMatchObject({ isSound: true, schemaVersion: 1, entries: written.length });
    await using journal = await openSqliteJournal(path);
    expect(await collect(journal.read())).toEqual(written);
    expect(seqs(await collect(journal.read({ mark: "first" })))).toEqual([1]);
    expect(journal.epoch).toBe(4);
    await journal.append([entry("/a", 3)]);
    await journal.compact();
    expect(await verifyJournal(path)).toMatchObject({ isSound: true, schemaVersion });
  });

  test("is left as it was when a migration fails", async () => {
    makeOldJournal(path);
    tamper("CREATE TABLE entries_by_mark (in_the_way)");
    const error = await failure(openSqliteJournal(path));
    expect(error).toBeInstanceOf(JournalError);
    expect(String(error)).toMatch(/could not be brought from schema 1 to 2: .*entries_by_mark.*; nothing was changed/);
    tamper("DROP TABLE entries_by_mark");
    await using journal = await openSqliteJournal(path);
    expect(await collect(journal.read())).toHaveLength(3);
  });

  test("of a newer version is refused, with both versions", async () => {
    await (await openSqliteJournal(path)).close();
    tamper("PRAGMA user_version = 99");
    const error = await failure(openSqliteJournal(path));
    expect(error).toBeInstanceOf(JournalVersionError);
    expect(String(error)).toContain(`newer version of orgtree (schema 99, this one knows ${schemaVersion}); update orgtree`);
    expect(() => openSqliteJournalReader(path)).toThrow(JournalVersionError);
    expect(await failure(verifyJournal(path))).toBeInstanceOf(JournalVersionError);
  });

  test.each([
    ["another application's", `PRAGMA application_id = 77; CREATE TABLE mine (x)`],
    ["an unmarked", "CREATE TABLE mine (x)"],
    [
      "a database with our number and nothing of ours",
      `PRAGMA application_id = ${applicationId}; PRAGMA user_version = 9; CREATE TABLE mine (x)`,
    ],
  ])("that is %s database is refused and not changed", async (_, sql) => {
    tamper(`PRAGMA journal_mode = DELETE; ${sql}`);
    expect(await failure(openSqliteJournal(path))).toBeInstanceOf(JournalVersionError);
    expect(() => openSqliteJournalReader(path)).toThrow(JournalVersionError);
    expect(await failure(verifyJournal(path))).toBeInstanceOf(JournalVersionError);
    const database = new DatabaseSync(path);
    expect(database.prepare("PRAGMA journal_mode").get()).toEqual({ journal_mode: "delete" });
    expect(database.prepare("SELECT name FROM sqlite_schema").all()).toEqual([{ name: "mine" }]);
    database.close();
  });

  test("that is no database is refused", async () => {
    await writeFile(path, "not a database, but a text that somebody wrote, long enough to have a header of a hundred bytes in it ...");
    const error = await failure(openSqliteJournal(path));
    expect(error).toMatchObject({ name: "JournalDamagedError", journal: path });
    expect(String(error)).toContain("it is no SQLite database");
    expect(() => openSqliteJournalReader(path)).toThrow(/no SQLite database/);
    expect(String(await failure(verifyJournal(path)))).toContain("nothing of a journal is in it");
  });

  test("that is cut off is refused for writing, and what is left can be seen", async () => {
    const journal = await openSqliteJournal(path);
    const data = new Uint8Array(randomBytes(3_000));
    for (let seq = 0; seq < 40; seq++) await journal.append([entry("/a", seq, { data, kind: "whole" })]);
    await journal.close();
    truncateSync(path, 65_536);
    const error = await failure(openSqliteJournal(path));
    expect(error).toMatchObject({ name: "JournalDamagedError" });
    const report = await verifyJournal(path);
    expect(report.isSound).toBe(false);
    expect(report.problems.join()).toMatch(/it is cut off: 8 of \d+ pages are there/);
    expect(report.entries).toBeGreaterThan(0);
  });

  test("whose log is damaged in the middle is refused: what lies behind was stored", async () => {
    const journal = await openSqliteJournal(path);
    for (let seq = 0; seq < 20; seq++) await journal.append([entry("/a", seq, { kind: "whole" })]);
    const copy = join(directory.path, "copy.journal");
    copyFileSync(path, copy);
    const log = readFileSync(`${path}-wal`);
    log[Math.floor(log.length / 2)]! ^= 1;
    writeFileSync(`${copy}-wal`, log);
    expect(String(await failure(openSqliteJournal(copy)))).toMatch(/its log \(-wal\) is damaged, and SQLite would forget what lies behind/);
    expect(await verifyJournal(copy)).toMatchObject({ isSound: false });
    await journal.close();
  });

  test.each([0, 1])("of which %d bytes are left beside a log is refused: SQLite would delete the log", async (bytes) => {
    await using journal = await openSqliteJournal(path);
    await journal.append([entry("/a", 0, { kind: "whole" })]);
    const copy = join(directory.path, "copy.journal");
    copyFileSync(path, copy);
    copyFileSync(`${path}-wal`, `${copy}-wal`);
    truncateSync(copy, bytes);
    expect(String(await failure(openSqliteJournal(copy)))).toMatch(/it is empty, and its log \(-wal\) is not/);
    // All that there was is in the log.
    expect(await verifyJournal(copy)).toMatchObject({ isSound: false, entries: 1 });
    expect(readFileSync(`${copy}-wal`)).toEqual(readFileSync(`${path}-wal`));
  });

  test("in a directory that is not there is refused with what to do; so is a directory", async () => {
    const missing = join(directory.path, "nowhere", "org.journal");
    expect(String(await failure(openSqliteJournal(missing)))).toContain(
      `the directory ${join(directory.path, "nowhere")} does not exist; make it first`,
    );
    expect(String(await failure(openSqliteJournal(directory.path)))).toContain("it is a directory; give the path of a file");
    expect(() => openSqliteJournalReader(path)).toThrow("there is no such file");
    expect(String(await failure(verifyJournal(path)))).toContain("there is no such file");
  });

  test("that may only be read is refused for writing, and can be read", async () => {
    const journal = await openSqliteJournal(path);
    await journal.append([entry("/a", 1, { kind: "whole" })]);
    await journal.close();
    chmodSync(path, 0o444);
    chmodSync(directory.path, 0o777);
    await asNobody(async () => {
      const error = await failure(openSqliteJournal(path));
      expect(error).toMatchObject({ name: "JournalError", outcome: "not-done" });
      expect(String(error)).toContain("it is read-only for this process; give it write permission");
      await using reader = openSqliteJournalReader(path);
      expect(seqs((await reader.image("/a"))?.entries)).toEqual([1]);
    });
  });

  test("that may not be read, or made, is refused", async () => {
    await (await openSqliteJournal(path)).close();
    chmodSync(path, 0o000);
    const closed = join(directory.path, "closed");
    mkdirSync(closed, { mode: 0o555 });
    chmodSync(directory.path, 0o755);
    await asNobody(async () => {
      for (const one of [path, join(closed, "org.journal")]) {
        expect(String(await failure(openSqliteJournal(one)))).toContain("it cannot be opened; look at the owner and the permissions");
      }
      expect(() => openSqliteJournalReader(path)).toThrow("it cannot be opened; look at the owner");
    });
  });
});

test("content that says the same twice takes the place of one copy", async () => {
  const journal = await openSqliteJournal(path);
  const text = (): string => randomBytes(768).toString("base64");
  for (let seq = 0; seq < 100; seq++)
    await journal.append([entry("/a", seq, { kind: "whole", text: JSON.stringify(Array(2).fill(text())) })]);
  await journal.close();
  expect((await verifyJournal(path)).dataBytes / 100).toBeLessThan(850);
});

describe("a full disk", () => {
  test("refuses appends as not done, and the journal goes on when there is space again", async () => {
    await using journal = await openSqliteJournal(path, { maxFileBytes: 200_000 });
    const data = new Uint8Array(randomBytes(8_000));
    let seq = 0;
    const fill = async (): Promise<never> => {
      for (;;) {
        await journal.append([entry("/a", seq, { kind: "whole", data })]);
        seq++;
      }
    };
    const error = await failure(fill());
    expect(error).toMatchObject({ name: "JournalError", outcome: "not-done", retryable: true });
    expect(String(error)).toContain("it is full");
    expect(seq).toBeGreaterThan(10);
    // Reading goes on, and what was refused left nothing.
    expect(await collect(journal.read())).toHaveLength(seq);
    expect((await journal.compact()).kept).toBe(1);
    await journal.append([entry("/a", seq, { kind: "whole", data })]);
    expect(seqs(await collect(journal.read()))).toEqual([seq - 1, seq]);
    expect(await verifyJournal(path)).toMatchObject({ isSound: true });
  });

  test("refuses what was queued behind the append that failed: it may build on it", async () => {
    await using journal = await openSqliteJournal(path, { maxFileBytes: 200_000 });
    await journal.append([entry("/a", 0, { kind: "whole" })]);
    const large = journal.append([entry("/a", 1, { data: new Uint8Array(randomBytes(17_000_000)) })]);
    // In messages and transactions of their own: one takes 16 MiB.
    const more = [2, 3, 4].map((seq) => Promise.resolve().then(() => journal.append([entry("/a", seq)])));
    for (const result of await Promise.allSettled([large, ...more])) {
      expect(result).toMatchObject({ status: "rejected", reason: { name: "JournalError", outcome: "not-done", retryable: true } });
    }
    await journal.append([entry("/a", 1)]);
    expect(seqs(await collect(journal.read()))).toEqual([0, 1]);
  });
});

describe("waiting appends", () => {
  test("are bounded: more are refused until some are stored", async () => {
    await using journal = await openSqliteJournal(path, { maxWaitingBytes: 1_000 });
    const data = new Uint8Array(400);
    const results = await Promise.allSettled(
      [1, 2, 3, 4].map((seq) => journal.append([entry("/a", seq, { data: seq === 4 ? new Uint8Array(1) : data })])),
    );
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected", "rejected"]);
    expect(results[2]).toMatchObject({ reason: { name: "JournalFullError", retryable: true, outcome: "not-done" } });
    expect((results[3] as PromiseRejectedResult).reason).toBeInstanceOf(JournalFullError);
    await journal.append([entry("/a", 3, { data })]);
    // One that is larger than the bound is taken when nothing else waits.
    await journal.append([entry("/a", 4, { data: new Uint8Array(5_000) })]);
  });

  test.each([0, -1, 1.5, Number.NaN])("%d is no bound", async (maxWaitingBytes) => {
    expect(String(await failure(openSqliteJournal(path, { maxWaitingBytes })))).toContain(
      "maxWaitingBytes must be a whole number from 1 on",
    );
  });

  test("reject with an unknown outcome when the thread dies, and nothing is left unhandled", async () => {
    const unhandled: unknown[] = [];
    const hear = (reason: unknown): void => void unhandled.push(reason);
    process.on("unhandledRejection", hear);
    const { journal, link } = await openLinked(path);
    await journal.append([entry("/a", 1, { kind: "whole" })]);
    const waiting = [2, 3, 4].map((seq) => journal.append([entry("/a", seq)]));
    const asked = [journal.image("/a"), journal.compact(), collect(journal.read())];
    const ended = link.terminate();
    for (const result of await Promise.allSettled([...waiting, ...asked])) {
      if (result.status === "fulfilled") continue;
      expect(result.reason).toMatchObject({ name: "JournalError", outcome: "unknown" });
    }
    await ended;
    const late = await failure(journal.append([entry("/a", 5)]));
    expect(late).toMatchObject({ name: "JournalError", outcome: "not-done" });
    expect(String(late)).toContain("its thread has ended");
    await journal.close();
    process.off("unhandledRejection", hear);
    expect(unhandled).toEqual([]);
    // The process lives, its writer does not: no takeOver is needed. What was unknown may be made again.
    await using again = await openSqliteJournal(path);
    for (const seq of [2, 3, 4]) await again.append([entry("/a", seq)]);
    expect(seqs((await again.image("/a"))?.entries)).toEqual([1, 2, 3, 4]);
  });
});

describe("a second writer", () => {
  test("is refused by name while the first lives, and is let in when it has closed", async () => {
    const first = await openSqliteJournal(path);
    const error = await failure(openSqliteJournal(path));
    expect(error).toBeInstanceOf(JournalLockedError);
    expect((error as JournalLockedError).owner).toMatch(new RegExp(`process ${process.pid} on .*, started 20.*\\(this process\\)`));
    await first.append([entry("/a", 1)]);
    await first.close();
    await (await openSqliteJournal(path)).close();
  });

  test("takes over with takeOver, and the first is fenced", async () => {
    const first = await openSqliteJournal(path);
    await first.append([entry("/a", 1)]);
    await using second = await openSqliteJournal(path, { takeOver: true });
    const error = await failure(first.append([entry("/a", 2)]));
    expect(error).toBeInstanceOf(JournalFencedError);
    expect(String(error)).toContain(`epoch ${first.epoch} is over: another process has opened it for writing (epoch ${second.epoch})`);
    await first.close();
    // Its end took nothing from the new one.
    expect(await failure(openSqliteJournal(path))).toBeInstanceOf(JournalLockedError);
    await second.append([entry("/a", 2)]);
  });

  test.each([
    ["a process of another host counts as living", { host: "elsewhere", pid: 1, startedMs: 0, birth: "" }, "JournalLockedError"],
    ["a process id that came again is another process", { pid: process.pid, startedMs: 0, birth: "another boot 1" }, undefined],
    ["a process that is gone is no writer", { pid: 2 ** 22 + 1, startedMs: 0, birth: "" }, undefined],
    ["a record that cannot be read is nobody's", undefined, undefined],
  ])("%s", async (_, record, refused) => {
    await (await openSqliteJournal(path)).close();
    const text = record === undefined ? "{" : JSON.stringify({ host: hostname(), opening: "x", ...record });
    tamper(`UPDATE journal SET writer = '${text}'`);
    const outcome = await openSqliteJournal(path).then(
      (journal) => journal.close(),
      (error: Error) => error.name,
    );
    expect(outcome).toBe(refused);
  });

  test("many at once: one gets it, the others are refused by name", async () => {
    const results = await Promise.allSettled(Array.from({ length: 6 }, () => openSqliteJournal(path)));
    const open = results.filter((result) => result.status === "fulfilled");
    expect(open).toHaveLength(1);
    for (const result of results) if (result.status === "rejected") expect(result.reason).toBeInstanceOf(JournalLockedError);
    await open[0]!.value.close();
  });
});

test("another process in the middle of a write is waited for, then named; nothing is stored meanwhile", async () => {
  await using journal = await openSqliteJournal(path, { busyMs: 20 });
  const other = new DatabaseSync(path);
  other.exec("BEGIN IMMEDIATE");
  const begin = performance.now();
  const [append, opening] = await Promise.all([
    failure(journal.append([entry("/a", 1)])),
    failure(openSqliteJournal(path, { takeOver: true, busyMs: 20 })),
  ]);
  expect(performance.now() - begin).toBeGreaterThanOrEqual(20);
  expect(append).toMatchObject({ name: "JournalError", outcome: "not-done", retryable: true });
  expect(String(append)).toContain("another process keeps it busy");
  expect(opening).toMatchObject({ name: "JournalLockedError" });
  expect(String(opening)).toContain("is in the middle of a write");
  other.exec("ROLLBACK");
  other.close();
  await journal.append([entry("/a", 1)]);
});

test("busyMs may be 0, and not less", async () => {
  expect(String(await failure(openSqliteJournal(path, { busyMs: -1 })))).toContain("busyMs must be a whole number from 0 on, not -1");
  await (await openSqliteJournal(path, { busyMs: 0 })).close();
});

describe("damaged entries", () => {
  async function damaged(): Promise<void> {
    const journal = await openSqliteJournal(path);
    await journal.append([entry("/a", 1, { kind: "whole" }), entry("/a", 2), entry("/b", 1, { kind: "whole" }), entry("/a", 3)]);
    await journal.append([entry("/c", 1, { kind: "whole" })]);
    await journal.close();
    tamper("UPDATE entries SET data = 'x' || substr(data, 2) WHERE address = 1 AND seq = 2");
  }

  test("are reported by name when they are read, and end the iteration", async () => {
    await damaged();
    await using journal = await openSqliteJournal(path);
    const error = await failure(journal.image("/a"));
    expect(error).toMatchObject({ name: "JournalDamagedError" });
    expect(String(error)).toContain("entry 2 of /a at position 2 is not what was written (its checksum differs)");
    expect(await failure(collect(journal.images()))).toMatchObject({ name: "JournalDamagedError" });
    const seen: number[] = [];
    const reading = (async () => {
      for await (const { position } of journal.read()) seen.push(position);
    })();
    expect(String(await failure(reading))).toContain("entry 2 of /a");
    expect(seen).toEqual([1]);
    expect(seqs((await journal.image("/b"))?.entries)).toEqual([1]);
  });

  test("do not stop the others when onDamage hears of them", async () => {
    await damaged();
    const heard: JournalDamagedError[] = [];
    const onDamage = (error: JournalDamagedError): void => void heard.push(error);
    await using journal = await openSqliteJournal(path, { onDamage });
    await using reader = openSqliteJournalReader(path, { onDamage });
    for (const one of [journal, reader]) {
      expect((await collect(one.images())).map(({ address }) => address)).toEqual(["/b", "/c"]);
      expect((await collect(one.read())).map(({ position }) => position)).toEqual([1, 3, 4, 5]);
    }
    expect(heard.map(({ message }) => message.includes("entry 2 of /a at position 2"))).toEqual([true, true, true, true]);
    expect(heard[0]!.message).toContain("/a is left out");
  });

  test("that are missing are noticed by those that build on them", async () => {
    await damaged();
    tamper("DELETE FROM entries WHERE address = 1 AND seq = 2");
    await using journal = await openSqliteJournal(path);
    expect(String(await failure(journal.image("/a")))).toContain("entry 2 of /a is missing: entry 3 at position 4 builds on it");
    expect((await verifyJournal(path)).orphaned).toEqual([{ position: 4, address: "/a", seq: 3, missing: 2 }]);
  });

  test.each([
    { what: "no compressed content", kind: 5, data: randomBytes(100) },
    { what: "more than is ever written so, deflated", kind: 5, data: deflateRawSync(new Uint8Array(67_108_865)) },
    { what: "more than is ever written so", kind: 9, data: zstdCompressSync(new Uint8Array(67_108_865)) },
    { what: "in a form that there is not", kind: 13, data: randomBytes(100) },
  ])("that are $what are named, and left out by a repair", async ({ kind, data }) => {
    const journal = await openSqliteJournal(path);
    await journal.append([entry("/a", 1, { kind: "whole" }), entry("/a", 2, { kind: "whole" })]);
    await journal.close();
    const database = new DatabaseSync(path);
    const crc = checksumOf({ position: 1, address: "/a", seq: 1, step: 0, kind, mark: null, data });
    database.prepare("UPDATE entries SET kind = ?, data = ?, crc = ? WHERE position = 1").run(kind, data, crc);
    database.close();
    await using again = await openSqliteJournal(path);
    expect(String(await failure(collect(again.read())))).toMatch(/entry 1 of \/a at position 1 is not what was written \(its /);
    expect(seqs((await again.image("/a"))?.entries)).toEqual([2]);
    // The same again is not known to be the same.
    expect(await failure(again.append([entry("/a", 1, { kind: "whole" })]))).toMatchObject({ name: "JournalConflictError" });
    expect(await verifyJournal(path)).toMatchObject({ isSound: false, entries: 1, damaged: [{ position: 1, address: "/a", seq: 1 }] });
    expect((await collect(exportJournal(path))).map(({ isSound, data }) => [isSound, typeof data])).toEqual([
      [false, "object"],
      [true, "string"],
    ]);
    expect(await repairJournal(path, { to: `${path}.repaired` })).toMatchObject({ kept: 1, leftOut: [] });
  });

  test("on a page that SQLite cannot read do not stop the others", async () => {
    const journal = await openSqliteJournal(path);
    const data = new Uint8Array(randomBytes(600));
    for (let seq = 0; seq < 100; seq++) await journal.append([entry("/a", seq, { kind: "whole", data })]);
    await journal.close();
    const bytes = readFileSync(path);
    // A leaf of the entries in the middle of the file becomes what no page is.
    const leaf = Array.from({ length: bytes.length / 8_192 }, (_, page) => page * 8_192).filter((at) => bytes[at] === 0x0d)[6]!;
    bytes[leaf] = 0x77;
    writeFileSync(path, bytes);
    const heard: JournalDamagedError[] = [];
    await using again = await openSqliteJournal(path, { onDamage: (error) => void heard.push(error) });
    const left = seqs(await collect(again.read()))!;
    expect(left.length).toBeGreaterThan(80);
    expect(left.length).toBeLessThan(100);
    expect(heard.map(({ message }) => message)).toEqual([expect.any(String)]);
    expect(heard[0]!.message).toMatch(/positions behind \d+ up to \d+ cannot be read/);
    expect((await again.image("/a"))?.entries[0]!.seq).toBe(99);
  });
});

describe("openSqliteJournalReader", () => {
  test("reads beside a living writer, and sees what it stored", async () => {
    await using journal = await openSqliteJournal(path);
    await journal.append([entry("/a", 1, { kind: "whole", mark: "start" })]);
    await using reader = openSqliteJournalReader(path);
    expect(seqs((await reader.image("/a"))?.entries)).toEqual([1]);
    await journal.append([entry("/a", 2)]);
    expect(seqs(await collect(reader.read()))).toEqual([1, 2]);
    expect(await collect(reader.images())).toHaveLength(1);
    expect(await reader.lastSeqs()).toEqual(new Map([["/a", 2]]));
    await journal.append([entry("/a", 3, { kind: "whole" })]);
    await journal.compact();
    expect(await failure(reader.image("/a", 2))).toMatchObject({ name: "JournalCompactedError", position: 2, oldest: 3 });
    expect(seqs((await reader.image("/a", 1))?.entries)).toEqual([1]);
    await reader.close();
    await reader.close();
    expect(await failure(reader.image("/a"))).toMatchObject({ name: "JournalError" });
    // The writer's locks are still its own.
    await journal.append([entry("/a", 4)]);
  });
});

describe("verify beside a living writer", () => {
  test("finds everything sound while more is written", async () => {
    await using journal = await openSqliteJournal(path);
    const data = new Uint8Array(2_000);
    const writing = (async () => {
      for (let seq = 0; seq < 400; seq++) await journal.append([entry("/a", seq, { kind: seq % 20 === 0 ? "whole" : "part", data })]);
    })();
    for (let round = 0; round < 8; round++) {
      const report = await verifyJournal(path);
      expect(report).toMatchObject({ isSound: true, problems: [], damaged: [] });
      expect(report.writer).toContain(`process ${process.pid}`);
    }
    await writing;
    expect(await verifyJournal(path)).toMatchObject({ isSound: true, entries: 400 });
  });

  test.runIf(existsSync("/proc/locks"))("takes none of its locks away in the same process, and leaves none behind", async () => {
    const journal = await openSqliteJournal(path);
    await journal.append([entry("/a", 0, { kind: "whole" })]);
    const { ino } = statSync(path);
    const lines = (): readonly string[] => readFileSync("/proc/locks", "utf8").split("\n");
    const locks = (): readonly string[] => lines().filter((line) => line.includes(` ${process.pid} `) && line.includes(`:${ino} `));
    // The system lists a lock twice, or leaves it out, when another process takes or drops one just then; a lost lock stays lost.
    const expectLocks = (count: number): Promise<void> => vi.waitFor(() => expect(locks()).toHaveLength(count), { interval: 1 });
    await expectLocks(1);
    await verifyJournal(path);
    await collect(exportJournal(path));
    await expectLocks(1);
    await journal.close();
    await expectLocks(0);
    const open = readdirSync("/proc/self/fd").map((descriptor) => {
      // One of them is that of the listing itself, which is gone.
      return existsSync(`/proc/self/fd/${descriptor}`) ? readlinkSync(`/proc/self/fd/${descriptor}`) : "";
    });
    expect(open.filter((target) => target.startsWith(path))).toEqual([]);
  });
});
