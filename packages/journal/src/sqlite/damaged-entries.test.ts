import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { deflateRawSync, zstdCompressSync } from "node:zlib";
import type { JournalDamagedError } from "@orgtree/core";
import { describe, expect, test } from "vitest";
import { collect, entry, seqs } from "../../test-support/collect.ts";
import { failure, journalFileOfEachTest, tamper } from "../../test-support/journal-file.ts";
import { checksumOf } from "../checksum.ts";
import { exportJournal } from "../salvage/export-journal.ts";
import { repairJournal } from "../salvage/repair-journal.ts";
import { verifyJournal } from "../salvage/verify-journal.ts";
import { openSqliteJournal } from "./sqlite-journal.ts";
import { openSqliteJournalReader } from "./sqlite-reader.ts";

const file = journalFileOfEachTest();

describe("damaged entries", () => {
  async function damaged(): Promise<void> {
    const journal = await openSqliteJournal(file.path);
    await journal.append([entry("/a", 1, { kind: "whole" }), entry("/a", 2), entry("/b", 1, { kind: "whole" }), entry("/a", 3)]);
    await journal.append([entry("/c", 1, { kind: "whole" })]);
    await journal.close();
    tamper(file.path, "UPDATE entries SET data = 'x' || substr(data, 2) WHERE address = 1 AND seq = 2");
  }

  test("are reported by name when they are read, and end the iteration", async () => {
    await damaged();
    await using journal = await openSqliteJournal(file.path);
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
    await using journal = await openSqliteJournal(file.path, { onDamage });
    await using reader = openSqliteJournalReader(file.path, { onDamage });
    for (const one of [journal, reader]) {
      expect((await collect(one.images())).map(({ address }) => address)).toEqual(["/b", "/c"]);
      expect((await collect(one.read())).map(({ position }) => position)).toEqual([1, 3, 4, 5]);
    }
    expect(heard.map(({ message }) => message.includes("entry 2 of /a at position 2"))).toEqual([true, true, true, true]);
    expect(heard[0]!.message).toContain("/a is left out");
  });

  test("that are missing are noticed by those that build on them", async () => {
    await damaged();
    tamper(file.path, "DELETE FROM entries WHERE address = 1 AND seq = 2");
    await using journal = await openSqliteJournal(file.path);
    expect(String(await failure(journal.image("/a")))).toContain("entry 2 of /a is missing: entry 3 at position 4 builds on it");
    expect((await verifyJournal(file.path)).orphaned).toEqual([{ position: 4, address: "/a", seq: 3, missing: 2 }]);
  });

  test.each([
    { what: "no compressed content", kind: 5, data: randomBytes(100) },
    { what: "more than is ever written so, deflated", kind: 5, data: deflateRawSync(new Uint8Array(67_108_865)) },
    { what: "more than is ever written so", kind: 9, data: zstdCompressSync(new Uint8Array(67_108_865)) },
    { what: "in a form that there is not", kind: 13, data: randomBytes(100) },
  ])("that are $what are named, and left out by a repair", async ({ kind, data }) => {
    const journal = await openSqliteJournal(file.path);
    await journal.append([entry("/a", 1, { kind: "whole" }), entry("/a", 2, { kind: "whole" })]);
    await journal.close();
    const database = new DatabaseSync(file.path);
    const crc = checksumOf({ position: 1, address: "/a", seq: 1, step: 0, kind, mark: null, data });
    database.prepare("UPDATE entries SET kind = ?, data = ?, crc = ? WHERE position = 1").run(kind, data, crc);
    database.close();
    await using again = await openSqliteJournal(file.path);
    expect(String(await failure(collect(again.read())))).toMatch(/entry 1 of \/a at position 1 is not what was written \(its /);
    expect(seqs((await again.image("/a"))?.entries)).toEqual([2]);
    // The same again is not known to be the same.
    expect(await failure(again.append([entry("/a", 1, { kind: "whole" })]))).toMatchObject({ name: "JournalConflictError" });
    expect(await verifyJournal(file.path)).toMatchObject({ isSound: false, entries: 1, damaged: [{ position: 1, address: "/a", seq: 1 }] });
    expect((await collect(exportJournal(file.path))).map(({ isSound, data }) => [isSound, typeof data])).toEqual([
      [false, "object"],
      [true, "string"],
    ]);
    expect(await repairJournal(file.path, { to: `${file.path}.repaired` })).toMatchObject({ kept: 1, leftOut: [] });
  });

  test("on a page that SQLite cannot read do not stop the others", async () => {
    const journal = await openSqliteJournal(file.path);
    const data = new Uint8Array(randomBytes(600));
    for (let seq = 0; seq < 100; seq++) await journal.append([entry("/a", seq, { kind: "whole", data })]);
    await journal.close();
    const bytes = readFileSync(file.path);
    // A leaf of the entries in the middle of the file becomes what no page is.
    const leaf = Array.from({ length: bytes.length / 8_192 }, (_, page) => page * 8_192).filter((at) => bytes[at] === 0x0d)[6]!;
    bytes[leaf] = 0x77;
    writeFileSync(file.path, bytes);
    const heard: JournalDamagedError[] = [];
    await using again = await openSqliteJournal(file.path, { onDamage: (error) => void heard.push(error) });
    const left = seqs(await collect(again.read()))!;
    expect(left.length).toBeGreaterThan(80);
    expect(left.length).toBeLessThan(100);
    expect(heard.map(({ message }) => message)).toEqual([expect.any(String)]);
    expect(heard[0]!.message).toMatch(/positions behind \d+ up to \d+ cannot be read/);
    expect((await again.image("/a"))?.entries[0]!.seq).toBe(99);
  });
});
