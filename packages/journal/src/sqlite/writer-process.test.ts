import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { createInterface, type Interface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Address } from "@orgtree/core";
import { afterEach, describe, expect, test, vi } from "vitest";
import { collect, seqs } from "../../test-support/collect.ts";
import { failure, journalFileOfEachTest, writeWriter } from "../../test-support/journal-file.ts";
import { pseudoRandom } from "../../test-support/random-journal.ts";
import { verifyJournal } from "../salvage/verify-journal.ts";
import { ownProcess } from "./process-identity.ts";
import { removeSqliteJournal } from "./remove-journal.ts";
import { openSqliteJournal } from "./sqlite-journal.ts";

const file = journalFileOfEachTest();
const writers: Writer[] = [];
afterEach(async () => {
  for (const { child, ended } of writers.splice(0)) {
    child.kill("SIGKILL");
    await ended;
  }
});

interface Writer {
  readonly child: ChildProcessWithoutNullStreams;
  readonly lines: Interface;
  /** Its exit code, null after a signal, once it is gone and all that it printed has come. Listened for from the start on. */
  readonly ended: Promise<number | null>;
}

function start(what: string): Writer {
  const fixture = fileURLToPath(new URL("writer-process.fixture.ts", import.meta.url));
  const child = spawn(process.execPath, ["--conditions=@orgtree/source", fixture, file.path, what]);
  child.stderr.pipe(process.stderr);
  const ended = once(child, "close").then(([code]) => code as number | null);
  const writer = { child, lines: createInterface({ input: child.stdout }), ended };
  writers.push(writer);
  return writer;
}

/** Resolves with the next line; rejects when the writer ends without one. */
async function nextLine({ lines, ended }: Writer): Promise<void> {
  const isOver = ended.then((code) => Promise.reject(new Error(`the writer ended with ${code} before it said anything`)));
  await Promise.race([once(lines, "line"), isOver]);
}

/** All lines from now on, and the exit code. */
async function restOf({ lines, ended }: Writer): Promise<{ readonly said: readonly string[]; readonly code: number | null }> {
  const said: string[] = [];
  for await (const line of lines) said.push(line);
  return { said, code: await ended };
}

/** Lets a writer work until it has acknowledged some appends, kills it, and gives back all that it acknowledged. */
async function killAfter(count: number): Promise<readonly string[]> {
  const { child, lines, ended } = start("write");
  const acknowledged: string[] = [];
  for await (const line of lines) {
    acknowledged.push(line);
    if (acknowledged.length === count) child.kill("SIGKILL");
  }
  // Its output may be over a moment before it is: it would count as a writer that lives.
  await ended;
  return acknowledged;
}

describe("kill -9", () => {
  test("at any moment: what was acknowledged is there, nothing is there by half", { timeout: 120_000 }, async () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const random = pseudoRandom(seed);
    const acknowledged = new Map<string, number>();
    for (let round = 0; round < 6; round++) {
      const lines = await killAfter(1 + Math.floor(random() * 300));
      for (const line of lines) {
        const [address, seq] = line.split(" ") as [Address, string];
        acknowledged.set(address, Math.max(acknowledged.get(address) ?? -1, Number(seq)));
      }
      expect(await verifyJournal(file.path), `seed ${seed}`).toMatchObject({ isSound: true, problems: [], damaged: [], lost: [] });
      await using journal = await openSqliteJournal(file.path);
      for (let n = 0; n < 8; n++) {
        const address: Address = `/caller-${n}`;
        const entries = await collect(journal.read({ address }));
        if (entries.length === 0) continue;
        // Compaction leaves a whole and all behind it.
        expect(entries[0]!.kind).toBe("whole");
        expect(seqs(entries), `seed ${seed}`).toEqual(entries.map((_, index) => entries[0]!.seq + index));
        expect(entries.at(-1)!.seq, `seed ${seed}: ${address}`).toBeGreaterThanOrEqual(acknowledged.get(address) ?? -1);
        const twin = await journal.image(`${address}/twin`);
        expect(seqs(twin?.entries), `seed ${seed}: ${address}`).toEqual(seqs((await journal.image(address))?.entries));
        for (const { seq, data } of entries) expect(data.every((byte) => byte === seq % 256)).toBe(true);
      }
    }
    // Work was done, or nothing was shown.
    expect([...acknowledged.values()].reduce((sum, seq) => sum + seq, 0)).toBeGreaterThan(50);
  });
});

describe("a writer that was stopped and goes on after a takeover", () => {
  test("is fenced, with all that it had queued", { timeout: 60_000 }, async () => {
    const writer = start("hold");
    const { child } = writer;
    await nextLine(writer);
    child.kill("SIGSTOP");
    await stopped(child.pid!);
    await expect(openSqliteJournal(file.path)).rejects.toMatchObject({
      name: "JournalLockedError",
      owner: expect.stringContaining(`process ${child.pid}`) as string,
    });
    await using journal = await openSqliteJournal(file.path, { takeOver: true });
    await journal.append([{ address: "/held", seq: 1, kind: "part", data: Uint8Array.of(9) }]);
    child.stdin.write("go\n");
    child.kill("SIGCONT");
    const { said } = await restOf(writer);
    expect(said).toEqual(["JournalFencedError", "JournalFencedError", "JournalFencedError"]);
    expect((await collect(journal.read())).map(({ seq, data }) => [seq, data[0]])).toEqual([
      [0, 0],
      [1, 9],
    ]);
    await journal.append([{ address: "/held", seq: 2, kind: "part", data: Uint8Array.of(9) }]);
  });
});

test("a writer in another container counts as living until nobody has the file open", { timeout: 60_000 }, async () => {
  const writer = start("hold");
  await nextLine(writer);
  const elsewhere = { ...ownProcess(), pid: writer.child.pid, host: "pod-1", space: "another", opening: "its" };
  writeWriter(file.path, JSON.stringify(elsewhere));
  const error = await failure(openSqliteJournal(file.path));
  expect(error).toMatchObject({ name: "JournalLockedError", vitality: "unknown" });
  expect(String(error)).toMatch(
    /process \d+ on pod-1, .*, has it open for writing, and nobody here can tell whether it lives; .* takeOver/,
  );
  writer.child.kill("SIGKILL");
  await writer.ended;
  await using journal = await openSqliteJournal(file.path);
  expect(seqs((await journal.image("/held"))?.entries)).toEqual([0]);
});

test("a journal is removed when nobody has it open, and not before", { timeout: 60_000 }, async () => {
  const writer = start("hold");
  await nextLine(writer);
  const link = `${file.path}.link`;
  symlinkSync(file.path, link);
  expect(removeSqliteJournal(link)).toBe(false);
  writer.child.kill("SIGKILL");
  await writer.ended;
  {
    await using journal = await openSqliteJournal(file.path);
    expect(removeSqliteJournal(file.path)).toBe(false);
    expect(await collect(journal.read())).toHaveLength(1);
  }
  writeWriter(file.path, JSON.stringify({ ...ownProcess(), host: "elsewhere", birth: "another 1", opening: "its" }));
  expect(removeSqliteJournal(file.path)).toBe(false);
  writeWriter(file.path, "");
  const text = `${file.path}.txt`;
  writeFileSync(text, "Dear Sir,\n".repeat(900));
  expect(removeSqliteJournal(text)).toBe(false);
  expect(removeSqliteJournal(link)).toBe(true);
  expect(removeSqliteJournal(link)).toBe(false);
  expect(readdirSync(file.directory)).toEqual(["org.journal.txt"]);
});

describe("a process", () => {
  test("that forgets to close ends, once what waits is stored; its journal is free then", { timeout: 60_000 }, async () => {
    expect(await restOf(start("forget"))).toEqual({ said: ["stored"], code: 0 });
    await using journal = await openSqliteJournal(file.path);
    expect(await collect(journal.read())).toHaveLength(1);
  });

  test("lives until its journal is closed", { timeout: 60_000 }, async () => {
    expect(await restOf(start("close"))).toEqual({ said: ["closed"], code: 0 });
  });
});

/** Resolves when the system says that the process is stopped. */
async function stopped(pid: number): Promise<void> {
  await vi.waitFor(() => expect(readFileSync(`/proc/${pid}/stat`, "latin1")).toMatch(/\) T /), { timeout: 20_000, interval: 1 });
}
