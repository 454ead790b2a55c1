import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Address, type Entry, type EntryKind, JournalError, type JournalReader } from "@orgtree/core";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { collect, show } from "../../test-support/collect.ts";
import { bytesOf, copyJournal, writeRandomJournal } from "../../test-support/random-journal.ts";
import { temporaryDirectory } from "../../test-support/temporary-directory.ts";
import { openLinked, openSqliteJournal } from "../sqlite/sqlite-journal.ts";
import { openSqliteJournalReader } from "../sqlite/sqlite-reader.ts";
import { exportJournal } from "./export-journal.ts";
import { repairJournal } from "./repair-journal.ts";
import { verifyJournal } from "./verify-journal.ts";

let directory: AsyncDisposable & { readonly path: string };
/** Closed cleanly, all in one file. */
let clean: string;
let written: readonly Entry[];
/** Died with a log beside it. */
let crashed: string;
let crashedWritten: readonly Entry[];

beforeAll(async () => {
  directory = await temporaryDirectory();
  clean = join(directory.path, "clean.journal");
  written = await writeRandomJournal(clean, { entries: 400, seed: 7 });
  const origin = join(directory.path, "origin.journal");
  const before = await writeRandomJournal(origin, { entries: 150, seed: 8 });
  const { journal, link } = await openLinked(origin);
  const added: Entry[] = [];
  for (let seq = 1_000; seq < 1_100; seq++) {
    const entry = { address: "/late" as Address, seq, kind: "whole" as const, data: new Uint8Array(300).fill(seq) };
    added.push({ ...entry, position: await journal.append([entry]) });
  }
  await link.terminate();
  // The end of its thread may have put the log into the file; so a living journal is copied.
  crashed = join(directory.path, "crashed.journal");
  const again = await openSqliteJournal(origin);
  for (let seq = 1_100; seq < 1_200; seq++) {
    const entry = { address: "/late" as Address, seq, kind: "part" as const, data: new Uint8Array(300).fill(seq) };
    added.push({ ...entry, position: await again.append([entry]) });
  }
  copyJournal(origin, crashed);
  await again.close();
  crashedWritten = [...before, ...added];
  // A slow disk takes its time for some 700 syncs.
}, 60_000);

afterAll(() => directory[Symbol.asyncDispose]());

interface Damage {
  /** Cut off at this share of the file. */
  readonly cut: number | undefined;
  /** Which byte, as a share of all, and the bits of it that flip. */
  readonly flips: readonly { readonly at: number; readonly bits: number }[];
  readonly log: boolean;
}

const share = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const damage: fc.Arbitrary<Damage> = fc.record({
  cut: fc.option(share, { nil: undefined, freq: 2 }),
  flips: fc.array(fc.record({ at: share, bits: fc.integer({ min: 1, max: 255 }) }), { maxLength: 12 }),
  log: fc.boolean(),
});

let copies = 0;

/** A damaged copy. Where there is a log, `log` says which of the two is struck. */
function damagedCopy(original: string, { cut, flips, log }: Damage): string {
  mkdirSync(join(directory.path, "copies"), { recursive: true });
  const copy = join(directory.path, "copies", `${copies++}.journal`);
  copyJournal(original, copy);
  const struck = log && existsSync(`${copy}-wal`) ? `${copy}-wal` : copy;
  let bytes = readFileSync(struck);
  if (cut !== undefined) bytes = bytes.subarray(0, Math.floor(cut * bytes.length));
  for (const { at, bits } of flips) if (bytes.length > 0) bytes[Math.floor(at * bytes.length)]! ^= bits;
  writeFileSync(struck, bytes);
  return copy;
}

const whole = (entry: Entry): string => `${entry.position} ${show(entry)}`;

async function checkDamaged(copy: string, original: readonly Entry[]): Promise<void> {
  const before = bytesOf(copy);
  const truth = new Map(original.map((entry) => [entry.position, entry]));
  let report;
  try {
    report = await verifyJournal(copy);
  } catch (error) {
    // Nothing of ours is left to recognise.
    expect((error as Error).name).toBe("JournalVersionError");
    return;
  }
  const lines = await collect(exportJournal(copy));
  const sound = lines.filter(({ isSound }) => isSound);
  expect(report.entries).toBe(sound.length);
  for (const line of sound) {
    const { position, address, seq, kind, mark, data } = truth.get(line.position)!;
    expect(line).toMatchObject({ position, address, seq, kind, mark: mark ?? null, data: Buffer.from(data).toString("base64") });
  }
  const names = new Set(sound.map(({ address, seq }) => `${address}#${seq}`));
  for (const { address, seq, position } of report.damaged) {
    if (address !== undefined) expect(names).not.toContain(`${address}#${seq}`);
    expect(sound.some((line) => line.position === position)).toBe(false);
  }
  // Nothing is lost without a word; but a log that is gone, or cut off at its end, leaves no trace.
  if (report.isSound && original === written) expect(sound.length).toBe(original.length);
  await checkRepaired(copy, { truth, sound: sound.length });
  expect(Buffer.compare(bytesOf(copy), before)).toBe(0);
  await checkRead(copy, truth);
}

/** Reading and writing go on or are refused by one of our errors; what is read is what was written. */
async function checkRead(copy: string, truth: ReadonlyMap<number, Entry>): Promise<void> {
  const onDamage = (error: Error): void => expect(error.name).toBe("JournalDamagedError");
  const unlessRefused = (work: Promise<void>): Promise<void> => work.catch((error: unknown) => expect(error).toBeInstanceOf(JournalError));
  const readAll = async (journal: JournalReader): Promise<void> => {
    for await (const entry of journal.read()) expect(whole(entry)).toBe(whole(truth.get(entry.position)!));
    for await (const { entries } of journal.images()) {
      expect(entries[0]!.kind).toBe("whole");
      for (const entry of entries) expect(whole(entry)).toBe(whole(truth.get(entry.position)!));
    }
  };
  await unlessRefused(
    (async () => {
      await using reader = openSqliteJournalReader(copy, { onDamage });
      await unlessRefused(readAll(reader));
    })(),
  );
  await unlessRefused(
    (async () => {
      await using journal = await openSqliteJournal(copy, { onDamage, takeOver: true });
      await unlessRefused(readAll(journal));
      await unlessRefused(journal.append([{ address: "/new", seq: 9_999, kind: "whole", data: new Uint8Array(3) }]).then(() => {}));
      await unlessRefused(journal.compact().then(() => {}));
    })(),
  );
}

async function checkRepaired(copy: string, { truth, sound }: { truth: ReadonlyMap<number, Entry>; sound: number }): Promise<void> {
  const to = `${copy}.repaired`;
  const { kept, leftOut, damaged } = await repairJournal(copy, { to });
  expect(kept + leftOut.length).toBe(sound);
  const after = await verifyJournal(to);
  expect(after).toMatchObject({ isSound: true, damaged: [], problems: [], entries: kept });
  await using journal = await openSqliteJournal(to);
  for await (const entry of journal.read()) expect(whole(entry)).toBe(whole(truth.get(entry.position)!));
  for await (const { entries } of journal.images()) expect(entries[0]!.kind).toBe("whole");
  // No number comes again.
  const last = await journal.lastSeqs();
  for (const { address, seq } of [...leftOut, ...damaged])
    if (address !== undefined) expect(last.get(address)).toBeGreaterThanOrEqual(seq!);
}

test("a repair writes a new file only, and leaves nothing when it fails", async () => {
  const to = join(directory.path, "taken.journal");
  writeFileSync(to, "somebody's");
  await expect(repairJournal(clean, { to })).rejects.toThrow("it is there already; a repair writes a new file only");
  expect(readFileSync(to, "utf8")).toBe("somebody's");
  await expect(repairJournal(clean, { to: join(directory.path, "nowhere", "new.journal") })).rejects.toThrow(
    "does not exist; make it first",
  );
  await expect(repairJournal(join(directory.path, "none"), { to: `${to}-2` })).rejects.toThrow("there is no such file");
  expect(existsSync(`${to}-2`)).toBe(false);
});

test("a broken chain: what is before the break stays, and the next whole with what follows", async () => {
  const path = join(directory.path, "broken.journal");
  const to = join(directory.path, "mended.journal");
  const journal = await openSqliteJournal(path);
  const kinds: EntryKind[] = ["whole", "part", "part", "part", "whole", "part", "part"];
  for (const [seq, kind] of kinds.entries()) {
    await journal.append([{ address: "/a", seq, kind, data: new TextEncoder().encode(`content of entry ${seq}`) }]);
  }
  await journal.append([{ address: "/b", seq: 0, kind: "whole", data: new Uint8Array(3) }]);
  await journal.close();
  const bytes = readFileSync(path);
  for (const seq of [2, 6]) bytes.write("X", bytes.indexOf(`content of entry ${seq}`));
  writeFileSync(path, bytes);
  const report = await repairJournal(path, { to });
  expect(report.damaged.map(({ address, seq }) => `${address}#${seq}`)).toEqual(["/a#2", "/a#6"]);
  expect(report.leftOut).toEqual([{ address: "/a", seq: 3, position: 4, missing: 2 }]);
  await using mended = await openSqliteJournal(to);
  expect((await collect(mended.read())).map(({ address, seq }) => `${address}#${seq}`)).toEqual(["/a#0", "/a#1", "/a#4", "/a#5", "/b#0"]);
  expect((await mended.image("/a"))?.entries.map(({ seq }) => seq)).toEqual([4, 5]);
  // Number 6 was used, though it is gone, and the next one goes on from what is there.
  await expect(mended.append([{ address: "/a", seq: 6, kind: "part", data: new Uint8Array(1) }])).rejects.toThrow("its newest is 6");
  await mended.append([{ address: "/a", seq: 7, kind: "part", data: new Uint8Array(1) }]);
  expect((await mended.image("/a"))?.entries.map(({ seq }) => seq)).toEqual([4, 5, 7]);
  expect(await verifyJournal(to)).toMatchObject({ isSound: true, orphaned: [], damaged: [], lost: [] });
});

const runs = Number(process.env["RUNS"] ?? 5);
/** A busy machine takes a second for each. */
const timeout = Math.max(120_000, runs * 2_000);

describe("damage", () => {
  test("none: everything is sound", async () => {
    const report = await verifyJournal(clean);
    expect(report).toMatchObject({ isSound: true, problems: [], damaged: [], lost: [], entries: written.length, writer: undefined });
    expect(await collect(exportJournal(clean))).toHaveLength(written.length);
  });

  test("none, but a log: everything is sound", async () => {
    const report = await verifyJournal(crashed);
    expect(report).toMatchObject({ isSound: true, problems: [], damaged: [], lost: [], entries: crashedWritten.length });
    expect(report.writer).toContain(`process ${process.pid} on`);
  });

  test("anywhere in a file: what counts as sound is what was written, and nothing sound is called damaged", { timeout }, async () => {
    await fc.assert(
      fc.asyncProperty(damage, (how) => checkDamaged(damagedCopy(clean, how), written)),
      { numRuns: runs },
    );
  });

  test("anywhere in a file with a log, or in the log", { timeout }, async () => {
    await fc.assert(
      fc.asyncProperty(damage, (how) => checkDamaged(damagedCopy(crashed, how), crashedWritten)),
      { numRuns: runs },
    );
  });

  test("in the middle of a log is not read over: what lies behind would be forgotten without a word", async () => {
    const copy = damagedCopy(crashed, { cut: undefined, flips: [{ at: 0.5, bits: 4 }], log: true });
    expect(() => openSqliteJournalReader(copy)).toThrow("its log (-wal) is damaged, and SQLite would forget what lies behind");
    await expect(openSqliteJournal(copy, { takeOver: true })).rejects.toThrow("its log (-wal) is damaged");
  });

  test("one flipped byte in the content of an entry: this one is named, all others are sound", { timeout: 60_000 }, async () => {
    const bytes = readFileSync(clean);
    let struck = 0;
    for (const entry of written.filter(({ data }, index) => data.length > 40 && index % 17 === 0)) {
      const at = bytes.indexOf(entry.data.subarray(0, 40));
      const copy = damagedCopy(clean, { cut: undefined, flips: [{ at: (at + 20.5) / bytes.length, bits: 4 }], log: false });
      const { damaged, entries } = await verifyJournal(copy);
      expect(damaged).toMatchObject([{ address: entry.address, seq: entry.seq, position: entry.position }]);
      expect(entries).toBe(written.length - 1);
      struck++;
    }
    expect(struck).toBeGreaterThan(5);
  });
});
