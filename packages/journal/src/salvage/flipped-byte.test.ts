/** One byte of a sound file is another one: it is named, or it does not matter. */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { JournalError, type NewEntry, type JournalReader } from "@orgtree/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { collect, show } from "../../test-support/collect.ts";
import { pseudoRandom, writeRandomJournal } from "../../test-support/random-journal.ts";
import { temporaryDirectory } from "../../test-support/temporary-directory.ts";
import { JournalFile } from "../sqlite/journal-file.ts";
import { withJournalErrors } from "../sqlite/journal-problem.ts";
import { ownProcess } from "../sqlite/process-identity.ts";
import { openSqliteJournal } from "../sqlite/sqlite-journal.ts";
import { openSqliteJournalReader } from "../sqlite/sqlite-reader.ts";
import { repairJournal } from "./repair-journal.ts";
import { verifyJournal } from "./verify-journal.ts";

let directory: AsyncDisposable & { readonly path: string };
let bytes: Buffer;
let run: string;
let read: string;

beforeAll(async () => {
  directory = await temporaryDirectory();
  const path = join(directory.path, "sound.journal");
  await writeRandomJournal(path, { entries: 60, seed: 11 });
  const journal = await openSqliteJournal(path);
  ({ run } = journal);
  // Of this one nothing but its number is left.
  await journal.append([{ address: "/ended", seq: 41, kind: "whole", data: new Uint8Array(1) }]);
  await journal.append([{ address: "/ended", seq: 42, kind: "end", data: new Uint8Array() }]);
  await journal.compact({ keepAfter: 70 });
  await journal.close();
  bytes = readFileSync(path);
  await using reader = openSqliteJournalReader(path);
  read = await readAll(reader);
}, 60_000);

afterAll(() => directory[Symbol.asyncDispose]());

/** Everything that an organization goes on with. */
async function readAll(journal: JournalReader): Promise<string> {
  const entries = (await collect(journal.read())).map((entry) => `${entry.position} ${show(entry)}`);
  const images = (await collect(journal.images())).map(({ address, entries }) => `${address} ${entries.map(show).join()}`);
  const marked = (await collect(journal.read({ mark: "mark 2" }))).map((entry: NewEntry) => show(entry));
  const lastSeqs = [...(await journal.lastSeqs())].map(([address, seq]) => `${address}#${seq}`);
  return JSON.stringify({ run: journal.run, entries, images: images.toSorted(), marked, lastSeqs: lastSeqs.toSorted() } satisfies Read);
}

interface Read {
  readonly run: string;
  readonly entries: readonly string[];
  readonly images: readonly string[];
  readonly marked: readonly string[];
  readonly lastSeqs: readonly string[];
}

const parse = (text: string): Read => JSON.parse(text) as Read;

/** A copy in which one byte is another one. */
function flipped(at: number, bits: number): string {
  const path = join(directory.path, "flipped.journal");
  for (const suffix of ["-wal", "-shm"]) rmSync(`${path}${suffix}`, { force: true });
  const copy = Buffer.from(bytes);
  copy[at]! ^= bits;
  writeFileSync(path, copy);
  return path;
}

/** What a promise came to; anything but an error of the journal is a failure of the test. */
async function told(work: () => Promise<string>): Promise<string> {
  try {
    return await work();
  } catch (error) {
    expect(error).toBeInstanceOf(JournalError);
    return String(error);
  }
}

const verified = (path: string): Promise<string> =>
  told(async () => {
    const { isSound, problems, damaged } = await verifyJournal(path);
    return isSound ? "sound" : [...problems, ...damaged.map(({ problem }) => problem)].join("; ");
  });

/** As `orgtree history` sees it, and as a system that starts: that one is without the thread that it has, to be quick. */
async function seen(path: string): Promise<readonly string[]> {
  const reader = await told(async () => {
    await using journal = openSqliteJournalReader(path);
    return await readAll(journal);
  });
  const opener = { record: { ...ownProcess(), opening: "test" }, died: [], takeOver: false };
  const writer = await told(async () => {
    withJournalErrors(path, () => JournalFile.open({ path, ...opener, maxFileBytes: undefined, busyMs: 0 }).close());
    await using journal = openSqliteJournalReader(path);
    return await readAll(journal);
  });
  return [reader, writer];
}

describe("a byte of what is no entry", () => {
  const damage = "is not what was written (its checksum differs)";

  test("the name of the run is noticed by verify, and refused by who opens it", async () => {
    const path = flipped(bytes.indexOf(run) + 3, 1);
    const row = `the row of the journal, with the name of its run, ${damage}`;
    expect(await verified(path)).toContain(row);
    expect(() => openSqliteJournalReader(path)).toThrow(row);
    await expect(openSqliteJournal(path, { takeOver: true })).rejects.toMatchObject({ name: "JournalDamagedError" });
    const to = join(directory.path, "mended.journal");
    const report = await repairJournal(path, { to });
    expect(report.problems).toEqual([expect.stringContaining(`${row}: the new file is another run`)]);
    await using mended = openSqliteJournalReader(to);
    expect(mended.run).toMatch(/^[0-9a-f]{16}$/);
    expect({ ...parse(await readAll(mended)), run }).toEqual(parse(read));
    // What was compacted is not known there, but where something is missing nothing is shown.
    await expect(mended.image("/ended", 2)).rejects.toMatchObject({ name: "JournalCompactedError" });
  });

  test("the number that is left of an actor is noticed, and refused by who would give it again", async () => {
    const text = bytes.indexOf("/ended\x2a");
    const path = flipped(text + "/ended".length, 2);
    const row = `the row of /ended, with its newest number, ${damage}`;
    expect(await verified(path)).toContain(row);
    await using journal = await openSqliteJournal(path);
    await expect(journal.lastSeqs()).rejects.toThrow(row);
    const data = new Uint8Array();
    const [refused, stored] = await Promise.allSettled([
      journal.append([{ address: "/ended", seq: 42, kind: "whole", data }]),
      journal.append([{ address: "/other", seq: 0, kind: "whole", data }]),
    ]);
    expect(refused).toMatchObject({ status: "rejected", reason: { name: "JournalDamagedError" } });
    expect(stored).toMatchObject({ status: "fulfilled" });
  });

  test.each(["last_position INTEGER", "horizon INTEGER", "WHERE mark", "address TEXT NOT NULL UNIQUE"])(
    "the tables' own text is noticed, and refused: %s",
    async (text) => {
      const path = flipped(bytes.indexOf(text) + 1, 1);
      expect(await verified(path)).toMatch(/its tables are not those of schema 5|malformed/);
      for (const outcome of await seen(path)) expect(outcome).toMatch(/^JournalDamagedError: /);
    },
  );
});

const seed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 31));

test(`any byte: verify names it, or everything is read as it was (seed ${seed})`, { timeout: 120_000 }, async () => {
  const random = pseudoRandom(seed);
  // Most of a page is empty; what is not is looked at more often.
  const filled = [...bytes.keys()].filter((at) => bytes[at] !== 0);
  const runs = Number(process.env["RUNS"] ?? 300);
  for (let round = 0; round < runs; round++) {
    const at = random() < 0.8 ? filled[Math.floor(random() * filled.length)]! : Math.floor(random() * bytes.length);
    const path = flipped(at, 1 + Math.floor(random() * 255));
    const where = `seed ${seed}, byte ${at} of ${bytes.length}`;
    const before = readFileSync(path);
    const verdict = await verified(path);
    expect(readFileSync(path).equals(before), where).toBe(true);
    for (const outcome of await seen(path)) {
      if (verdict === "sound") expect(outcome, where).toBe(read);
      else if (!/^\w*Error: /.test(outcome)) {
        // Of what is damaged nothing is told that was not.
        expect(parse(outcome).run, where).toBe(run);
        expect(parse(read).entries, where).toEqual(expect.arrayContaining([...parse(outcome).entries]));
      }
    }
  }
  expect(existsSync(join(directory.path, "flipped.journal"))).toBe(true);
});
