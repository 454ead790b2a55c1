/**
 * Appends to the journal: entries of 512 bytes, each caller waiting for its own before it makes the next. Against the fsync limit of
 * the same disk (append 512 bytes, fdatasync) and `node:sqlite` in the same thread with one insert a commit, in the same run.
 */
import { randomBytes } from "node:crypto";
import { statSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import type { Address, Journal, NewEntry } from "@orgtree/core";
import { MemoryJournal, openSqliteJournal } from "@orgtree/journal";
import { node, perSecond, plainly, timed, type Bench, type Comparison, type Job, type Measure, type Sample } from "./harness/bench.ts";
import { blockBytes as entryBytes, fsyncLimit, inDirectory, Latencies } from "./subjects/disk.ts";

/** Nothing in it can be compressed; making it costs next to nothing. */
const noise = randomBytes(65_536);

function dataOf(n: number): Uint8Array {
  return noise.subarray((n * 7) % 60_000, ((n * 7) % 60_000) + entryBytes);
}

async function appendBy(callers: number, work: { readonly journal: Journal; readonly size: number }): Promise<Sample> {
  const { journal, size } = work;
  const latencies = new Latencies();
  const caller = async (n: number): Promise<void> => {
    const address: Address = `/desk/writer-${n}`;
    for (let seq = 0; seq < size / callers; seq++) {
      const begin = performance.now();
      await journal.append([{ address, seq, kind: "part", data: dataOf(seq) }]);
      latencies.add(begin);
    }
  };
  const { ms } = await timed(async () => {
    await Promise.all(Array.from({ length: callers }, (_, n) => caller(n)));
    return size;
  });
  return latencies.with({ done: await countIn(journal), ms: ms! });
}

async function countIn(journal: Journal): Promise<number> {
  let count = 0;
  for await (const { data } of journal.read()) count += data.length === entryBytes ? 1 : 0;
  return count;
}

function ours(callers: number): Job {
  return inDirectory(async (path, size) => {
    await using journal = await openSqliteJournal(path);
    return await appendBy(callers, { journal, size });
  });
}

function memory(callers: number): Job {
  return (size) => appendBy(callers, { journal: new MemoryJournal(), size });
}

const direct: Job = inDirectory(async (path, size) => {
  const database = new DatabaseSync(path);
  database.exec(`
    PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
    CREATE TABLE entries (position INTEGER PRIMARY KEY, address INTEGER, seq INTEGER, data BLOB)`);
  const insert = database.prepare("INSERT INTO entries (address, seq, data) VALUES (?, ?, ?)");
  const latencies = new Latencies();
  const { ms } = await timed(() => {
    for (let n = 0; n < size; n++) {
      const begin = performance.now();
      insert.run(1, n, dataOf(n));
      latencies.add(begin);
    }
    return size;
  });
  const done = Number(database.prepare("SELECT count(*) AS count FROM entries").get()!["count"]);
  database.close();
  return latencies.with({ done, ms: ms! });
});

/** Entries of sixteen actors in turn, in large appends; then the journal is closed and its file is all there is. */
const stored: Job = inDirectory(async (path, size) => {
  const entries = Array.from({ length: size }, (_, n): NewEntry => {
    return { address: `/desk/writer-${n % 16}`, seq: Math.floor(n / 16), kind: "part", data: dataOf(n) };
  });
  const journal = await openSqliteJournal(path);
  for (let at = 0; at < size; at += 1_000) await journal.append(entries.slice(at, at + 1_000));
  const done = await countIn(journal);
  await journal.close();
  return { done, overhead: statSync(path).size - size * entryBytes };
});

const overheadEach: Measure = { unit: "B", better: "less", of: ({ done, overhead }) => overhead! / done };

function callers(count: number, marks: { readonly floor: number; readonly goal: number }): Comparison {
  const who = count === 1 ? "one caller" : `${count} callers`;
  const limit = "append and fdatasync";
  return {
    name: who,
    size: 2_400,
    warmUps: 2,
    contenders: {
      ours: node(() => ours(count)),
      [limit]: node(() => fsyncLimit),
      "node:sqlite": node(() => direct),
      memory: node(() => memory(count)),
    },
    rows: [
      { what: `journal appends, SQLite, ${who}`, measure: perSecond, peer: limit, ...marks },
      { what: `journal appends, SQLite, ${who}`, measure: perSecond, peer: "node:sqlite" },
      { what: `… p50`, measure: plainly("p50", "ms"), peer: limit },
      { what: `… p99`, measure: plainly("p99", "ms"), peer: limit },
      { what: `journal appends, memory, ${who}`, measure: perSecond, by: "memory" },
    ],
  };
}

export const bench: Bench = {
  name: "journal",
  comparisons: [
    callers(1, { floor: 0.4, goal: 0.7 }),
    callers(16, { floor: 1, goal: 3 }),
    {
      name: "stored bytes",
      size: 20_000,
      rounds: 1,
      warmUps: 0,
      contenders: { ours: node(() => stored) },
      rows: [{ what: "stored beside an entry of 512 B, indexes too", measure: overheadEach, goal: 60 }],
    },
  ],
};
