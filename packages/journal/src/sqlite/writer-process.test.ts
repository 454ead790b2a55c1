import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Address } from "@orgtree/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { collect, seqs } from "../../test-support/collect.ts";
import { pseudoRandom } from "../../test-support/random-journal.ts";
import { temporaryDirectory } from "../../test-support/temporary-directory.ts";
import { verifyJournal } from "../salvage/verify-journal.ts";
import { openSqliteJournal } from "./sqlite-journal.ts";

let directory: AsyncDisposable & { readonly path: string };
let path: string;
const children: ChildProcessWithoutNullStreams[] = [];
beforeEach(async () => {
  directory = await temporaryDirectory();
  path = join(directory.path, "org.journal");
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  await directory[Symbol.asyncDispose]();
});

function start(what: string): { readonly child: ChildProcessWithoutNullStreams; readonly lines: Interface } {
  const fixture = fileURLToPath(new URL("writer-process.fixture.ts", import.meta.url));
  const child = spawn(process.execPath, ["--conditions=@orgtree/source", fixture, path, what]);
  child.stderr.pipe(process.stderr);
  children.push(child);
  return { child, lines: createInterface({ input: child.stdout }) };
}

/** Lets a writer work until it has acknowledged some appends, kills it, and gives back all that it acknowledged. */
async function killAfter(count: number): Promise<readonly string[]> {
  const { child, lines } = start("write");
  const acknowledged: string[] = [];
  for await (const line of lines) {
    acknowledged.push(line);
    if (acknowledged.length === count) child.kill("SIGKILL");
  }
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
      expect(await verifyJournal(path), `seed ${seed}`).toMatchObject({ isSound: true, problems: [], damaged: [], lost: [] });
      await using journal = await openSqliteJournal(path);
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
    const { child, lines } = start("hold");
    await once(lines, "line");
    child.kill("SIGSTOP");
    await stopped(child.pid!);
    await expect(openSqliteJournal(path)).rejects.toMatchObject({
      name: "JournalLockedError",
      owner: expect.stringContaining(`process ${child.pid}`) as string,
    });
    await using journal = await openSqliteJournal(path, { takeOver: true });
    await journal.append([{ address: "/held", seq: 1, kind: "part", data: Uint8Array.of(9) }]);
    child.stdin.write("go\n");
    child.kill("SIGCONT");
    const said: string[] = [];
    for await (const line of lines) said.push(line);
    expect(said).toEqual(["JournalFencedError", "JournalFencedError", "JournalFencedError"]);
    expect((await collect(journal.read())).map(({ seq, data }) => [seq, data[0]])).toEqual([
      [0, 0],
      [1, 9],
    ]);
    await journal.append([{ address: "/held", seq: 2, kind: "part", data: Uint8Array.of(9) }]);
  });
});

describe("a process", () => {
  test("that forgets to close ends, once what waits is stored; its journal is free then", { timeout: 60_000 }, async () => {
    const { child, lines } = start("forget");
    const said: string[] = [];
    for await (const line of lines) said.push(line);
    expect(said).toEqual(["stored"]);
    if (child.exitCode === null) await once(child, "exit");
    expect(child.exitCode).toBe(0);
    await using journal = await openSqliteJournal(path);
    expect(await collect(journal.read())).toHaveLength(1);
  });

  test("lives until its journal is closed", { timeout: 60_000 }, async () => {
    const { child, lines } = start("close");
    const said: string[] = [];
    for await (const line of lines) said.push(line);
    expect(said).toEqual(["closed"]);
    if (child.exitCode === null) await once(child, "exit");
    expect(child.exitCode).toBe(0);
  });
});

/** Resolves when the system says that the process is stopped. */
async function stopped(pid: number): Promise<void> {
  while (!/\) T /.test(readFileSync(`/proc/${pid}/stat`, "latin1"))) await new Promise((resolve) => setImmediate(resolve));
}
