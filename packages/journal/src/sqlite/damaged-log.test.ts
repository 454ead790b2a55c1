/** A log (-wal) of which SQLite would forget a part: what is damage is named, and what a crash leaves behind is not called so. */
import { hash } from "node:crypto";
import { closeSync, copyFileSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { collect, entry, show } from "../../test-support/collect.ts";
import { tamper } from "../../test-support/journal-file.ts";
import { copyJournal, pseudoRandom } from "../../test-support/random-journal.ts";
import { temporaryDirectory } from "../../test-support/temporary-directory.ts";
import { repairJournal } from "../salvage/repair-journal.ts";
import { verifyJournal } from "../salvage/verify-journal.ts";
import { LogChecksum } from "./log-checksum.ts";
import { type LogDamage, readFrame, readLog } from "./log-frames.ts";
import type { LogIndex } from "./log-index.ts";
import { openSqliteJournal } from "./sqlite-journal.ts";
import { openSqliteJournalReader } from "./sqlite-reader.ts";

const frameBytes = 24 + 8_192;
let directory: AsyncDisposable & { readonly path: string };
/** Died with a log, in which frames of two earlier rounds lie behind those of this one. */
let crashed: string;
let log: Buffer;
let written: readonly string[];

beforeAll(async () => {
  directory = await temporaryDirectory();
  const origin = join(directory.path, "origin.journal");
  crashed = join(directory.path, "crashed.journal");
  const journal = await openSqliteJournal(origin);
  let seq = 0;
  for (const count of [14, 9, 5]) {
    if (count < 14) tamper(origin, "PRAGMA wal_checkpoint(RESTART)");
    for (let n = 0; n < count; n++) await journal.append([entry("/a", seq++, { kind: n === 0 ? "whole" : "part" })]);
  }
  written = (await collect(journal.read())).map(show);
  copyJournal(origin, crashed);
  copyFileSync(`${origin}-shm`, `${crashed}-shm`);
  await journal.close();
  log = readFileSync(`${crashed}-wal`);
}, 60_000);

afterAll(() => directory[Symbol.asyncDispose]());

/** A copy with that log; with its index where that is wanted. */
function copyWith(bytes: Buffer, more: { readonly index: boolean } = { index: false }): string {
  const path = join(directory.path, "copy.journal");
  for (const suffix of ["", "-wal", "-shm"]) rmSync(`${path}${suffix}`, { force: true });
  copyFileSync(crashed, path);
  writeFileSync(`${path}-wal`, bytes);
  if (more.index) copyFileSync(`${crashed}-shm`, `${path}-shm`);
  return path;
}

function changed(change: (bytes: Buffer) => Buffer | void): Buffer {
  const bytes = Buffer.from(log);
  return change(bytes) ?? bytes;
}

interface Seen {
  readonly damage: LogDamage | undefined;
  /** Number and content of each page. */
  readonly pages: ReadonlyMap<number, string>;
}

function see(path: string): Seen {
  const found = readLog(path);
  const pages = new Map<number, string>();
  if (found === undefined) return { damage: undefined, pages };
  const descriptor = openSync(`${path}-wal`, "r");
  for (const page of found.frames.keys()) pages.set(page, hash("sha256", readFrame(descriptor, found, page)!));
  closeSync(descriptor);
  return { damage: found.damage, pages };
}

/** Frames, from 0 on, that end a transaction of this round. */
function ends(): readonly number[] {
  const found: number[] = [];
  for (let at = 0; 32 + at * frameBytes < log.length; at++) {
    const offset = 32 + at * frameBytes;
    if (log.compare(log, 16, 24, offset + 8, offset + 16) === 0 && log.readUInt32BE(offset + 4) > 0) found.push(at);
  }
  return found;
}

const offsetOf = (frame: number): number => 32 + frame * frameBytes;

describe("a sound log", () => {
  test("has earlier rounds behind this one, each under a salt that is one less", () => {
    const salts = new Set<number>();
    for (let offset = 32; offset < log.length; offset += frameBytes) salts.add(log.readUInt32BE(offset + 8));
    const [newest] = salts;
    expect([...salts]).toEqual([newest, (newest! - 1) >>> 0, (newest! - 2) >>> 0]);
    expect(ends()).toHaveLength(5);
    expect(see(copyWith(log, { index: true })).damage).toBeUndefined();
  });

  test.each<[string, (bytes: Buffer) => Buffer | void]>([
    ["empty", () => Buffer.alloc(0)],
    ["torn in its header", (bytes) => bytes.subarray(0, 20)],
    ["a header alone", (bytes) => bytes.subarray(0, 32)],
    ["a torn header alone", (bytes) => bytes.fill(0, 16, 32).subarray(0, 32)],
    ["zeros", (bytes) => bytes.fill(0)],
    ["a header with zeros behind it", (bytes) => bytes.fill(0, 32)],
    ["a round that has just begun", (bytes) => bytes.fill(readFileSync(`${crashed}-wal`).subarray(-frameBytes), 32)],
  ])("may be %s", (_, change) => {
    expect(see(copyWith(changed(change)))).toEqual({ damage: undefined, pages: new Map() });
  });

  test("may end anywhere: what is left is what was committed before", () => {
    const random = pseudoRandom(5);
    for (let round = 0; round < 60; round++) {
      const cut = Math.floor(random() * log.length);
      const { damage, pages } = see(copyWith(log.subarray(0, cut)));
      expect(damage).toBeUndefined();
      expect(pages.size > 0).toBe(cut >= offsetOf(ends()[0]! + 1));
    }
  });

  test("may have any part of its newest transaction, as a power failure leaves it", () => {
    const random = pseudoRandom(6);
    const [before, last] = ends().slice(-2) as [number, number];
    const without = see(copyWith(log.subarray(0, offsetOf(before + 1)))).pages;
    for (let round = 0; round < 60; round++) {
      const bytes = changed((bytes) => {
        const lost = before + 1 + Math.floor(random() * (last - before));
        for (let at = offsetOf(before + 1); at < offsetOf(last + 1); at += 512) {
          if (random() < 0.4 || at === offsetOf(lost)) bytes.fill(random() < 0.5 ? 0 : 7, at, Math.min(at + 512, offsetOf(last + 1)));
        }
      });
      expect(see(copyWith(bytes))).toEqual({ damage: undefined, pages: without });
    }
  });

  test("may have the rest of a transaction that failed behind its newest one", () => {
    const [, second, third] = ends() as [number, number, number];
    // As if the second had been written anew where a longer one had failed, of which the third is the rest.
    const bytes = changed((bytes) => {
      const frame = bytes.subarray(offsetOf(second), offsetOf(second + 1)).fill(1, 100, 200);
      const sum = new LogChecksum(true);
      sum.set(bytes, offsetOf(second - 1) + 16);
      sum.add(frame.subarray(0, 8)).add(frame.subarray(24)).store(frame, 16);
      return bytes.subarray(0, offsetOf(third + 1));
    });
    expect(see(copyWith(bytes)).pages.size).toBeGreaterThan(0);
    expect(see(copyWith(bytes)).damage).toBeUndefined();
  });
});

test("a log may have the remains of several transactions that failed, where its index says what was committed", () => {
  const [first, second, third, fourth] = ends() as [number, number, number, number];
  // As if the second had been written anew where two had failed, of which the third and the fourth are what is left.
  const bytes = changed((bytes) => {
    for (const [end, sealed] of [
      [second, second - 1],
      [third, third - 1],
    ] as const) {
      const frame = bytes.subarray(offsetOf(end), offsetOf(end + 1)).fill(end, 100, 200);
      const sum = new LogChecksum(true);
      sum.set(bytes, offsetOf(sealed) + 16);
      sum.add(frame.subarray(0, 8)).add(frame.subarray(24)).store(frame, 16);
    }
    return bytes.subarray(0, offsetOf(fourth + 1));
  });
  const indexed = (committed: number): LogIndex => ({ committed, salts: bytes.subarray(16, 24) });
  const path = copyWith(bytes);
  const found = readLog(path, indexed(second + 1));
  expect(found).toMatchObject({ damage: undefined });
  expect(found!.frames).toEqual(readLog(copyWith(bytes.subarray(0, offsetOf(second + 1))))!.frames);
  // As much as that may as well be damage where the index says that it was committed, or nothing tells.
  for (const known of [indexed(fourth + 1), indexed(first), undefined])
    expect(readLog(copyWith(bytes), known)).toMatchObject({ damage: { isMended: false } });
});

describe("a damaged log", () => {
  test("a flipped bit of its header, or of that of a frame: it is noticed, or nothing is other than it was", { timeout: 60_000 }, () => {
    const seed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 31));
    const random = pseudoRandom(seed);
    const sound = see(copyWith(log)).pages;
    const frames = Math.floor((log.length - 32) / frameBytes);
    const newest = ends().at(-1)!;
    const bits = [
      ...Array.from({ length: 256 }, (_, bit) => bit),
      ...Array.from({ length: 192 }, (_, bit) => offsetOf(newest) * 8 + bit),
      ...Array.from({ length: 300 }, () => offsetOf(Math.floor(random() * frames)) * 8 + Math.floor(random() * 192)),
    ];
    let unclear = 0;
    for (const bit of bits) {
      const found = see(copyWith(changed((bytes) => void (bytes[bit >> 3]! ^= 1 << (bit & 7)))));
      const isOurs = bit >> 3 < offsetOf(newest + 1);
      expect(found.damage === undefined, `seed ${seed}, bit ${bit}`).toBe(!isOurs);
      if (found.damage?.isMended === false) unclear++;
      else expect(found.pages, `seed ${seed}, bit ${bit}`).toEqual(sound);
    }
    // One half of a sum may be that of another page, and the first bit of one number that of the other.
    expect(unclear).toBeLessThan(bits.length / 5);
  });

  test.each<[string, (bytes: Buffer) => Buffer | void, string]>([
    ["a header of zeros", (bytes) => bytes.fill(0, 0, 32), "its first bytes are not what was written"],
    ["garbage", (bytes) => bytes.fill("garbage"), "its first bytes are not what was written"],
    // Whether the next one goes on from it nobody can tell.
    [
      "a lost frame",
      (bytes) => bytes.fill(0, offsetOf(1), offsetOf(2)),
      "2 pages in it are not what was written, with stored entries behind them",
    ],
  ])("%s", async (_, change, problem) => {
    const path = copyWith(changed(change));
    expect((await verifyJournal(path)).problems).toEqual([expect.stringContaining(`its log (-wal) is damaged: ${problem}`)]);
  });

  test.each([
    ["its header", 16],
    ["the salt of a frame", 32 + 2 * frameBytes + 8],
  ])("one bit of %s: verify says so, nobody opens it, and a repair has everything", async (_, at) => {
    const path = copyWith(changed((bytes) => void (bytes[at]! ^= 1)));
    expect(await verifyJournal(path)).toMatchObject({ isSound: false, entries: written.length });
    expect(() => openSqliteJournalReader(path)).toThrow("its log (-wal) is damaged, and SQLite would forget what lies behind");
    await expect(openSqliteJournal(path)).rejects.toMatchObject({ name: "JournalDamagedError" });
    const to = join(directory.path, `mended ${at}`);
    expect(await repairJournal(path, { to })).toMatchObject({ kept: written.length, problems: [] });
    await using mended = openSqliteJournalReader(to);
    expect((await collect(mended.read())).map(show)).toEqual(written);
  });

  test("less than its index says was committed: it is noticed, and still is when it was looked at", async () => {
    const [before, last] = ends().slice(-2) as [number, number];
    const inPage = changed((bytes) => void (bytes[offsetOf(last) + 4_000]! ^= 1));
    for (const bytes of [inPage, log.subarray(0, offsetOf(before + 1)), log.subarray(0, offsetOf(last))]) {
      const path = copyWith(bytes, { index: true });
      for (let look = 0; look < 2; look++) {
        const { problems } = await verifyJournal(path);
        expect(problems).toEqual([expect.stringMatching(/the newest \d+ pages that were stored are not there, or not what was written/)]);
      }
      await expect(openSqliteJournal(path, { takeOver: true })).rejects.toMatchObject({ name: "JournalDamagedError" });
      const to = join(directory.path, "mended of less");
      rmSync(to, { force: true });
      expect((await repairJournal(path, { to })).problems).toEqual([
        expect.stringContaining("entries may be missing, the newest of all too"),
      ]);
    }
  });
});
