/** Many actors over SQLite, killed with SIGKILL again and again: what was acknowledged is there, and nothing twice. */
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openSqliteJournalReader } from "orgtree/journal";
import { describe, expect, test } from "vitest";
import { Timeline, type Address } from "orgtree";
import { OrgtreeProcess } from "../cli/orgtree-process.ts";
import type { SeededRandom } from "../simulation/seeded-random.ts";
import type { CounterState } from "./counter-process.ts";
import { openSeed, print, times } from "./seed.ts";

const program = fileURLToPath(new URL("counter-process.ts", import.meta.url));
const clients = 16;
const numbers = 60;
const maxRounds = 40;
/** Fewer show nothing. */
const leastKills = 4;

interface Files {
  readonly journal: string;
  readonly ledger: string;
}

function start({ journal, ledger }: Files): OrgtreeProcess {
  const args = ["--conditions=@orgtree/source", program, journal, ledger, String(clients), String(numbers)];
  return new OrgtreeProcess(spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] }));
}

/** What the clients were told, by client. A line that was cut off was not written: it is the last of its process. */
function readLedger(file: string): ReadonlyMap<string, ReadonlySet<number>> {
  const told = new Map<string, Set<number>>();
  for (const line of existsSync(file) ? readFileSync(file, "utf8").split("\n") : []) {
    const [client = "", number] = line.split(" ");
    if (number === undefined) continue;
    const numbersOf = told.get(client) ?? new Set();
    told.set(client, numbersOf.add(Number(number)));
  }
  return told;
}

function acknowledgedIn({ ledger }: Files): number {
  return [...readLedger(ledger).values()].reduce((sum, { size }) => sum + size, 0);
}

/** What the counters have added, by client, as a process that starts now will find it. */
async function readCounters(file: string): Promise<ReadonlyMap<string, readonly number[]>> {
  await using journal = openSqliteJournalReader(file);
  const added = new Map<string, readonly number[]>();
  for (let at = 0; at < clients / 2; at++) {
    const address: Address = `/desk/counter-${at}`;
    if ((await journal.image(address)) === undefined) continue;
    const { state } = await new Timeline(journal, address).at();
    for (const [client, all] of Object.entries((state as CounterState).added)) added.set(client, all);
  }
  return added;
}

/** Acknowledged is never lost, nothing is added twice, and nothing is left out. */
async function check({ journal, ledger }: Files): Promise<number> {
  const added = await readCounters(journal);
  let sum = 0;
  for (const [client, all] of added) {
    expect(all, client).toEqual(Array.from({ length: all.length }, (_, at) => at + 1));
    sum += all.length;
  }
  for (const [client, told] of readLedger(ledger)) {
    const highest = Math.max(...told);
    expect(told.size, client).toBe(highest);
    expect(added.get(client)?.length ?? 0, client).toBeGreaterThanOrEqual(highest);
  }
  return sum;
}

/** Runs one process until it is killed, or all is done. */
async function round(
  files: Files,
  random: SeededRandom,
  left: number,
): Promise<{ readonly isKilled: boolean; readonly firstMs: number | undefined }> {
  const process = start(files);
  const wanted = random.int(10, 150);
  // One more says that it is up.
  await process.lines(1 + Math.min(wanted, left));
  const isLast = wanted >= left;
  // In the middle of something: the moment is the point.
  if (!isLast) await new Promise((resolve) => setTimeout(resolve, random.int(0, 15)));
  process.signal(isLast ? "SIGTERM" : "SIGKILL");
  const { signal, stdout, stderr } = await process.ended;
  expect(stderr).toBe("");
  const first = /^acknowledged (\d+)$/m.exec(stdout)?.[1];
  return { isKilled: signal === "SIGKILL", firstMs: first === undefined ? undefined : Number(first) };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

describe("counters over SQLite, killed with SIGKILL at random moments", () => {
  test("never lose what was acknowledged, and add nothing twice", { timeout: 60_000 * times }, async () => {
    const random = openSeed("counters");
    const firstMs: number[] = [];
    let kills = 0;
    for (let run = 0; run < times; run++) {
      const directory = await mkdtemp(join(tmpdir(), "orgtree-crash-"));
      try {
        const files = { journal: join(directory, "counters.journal"), ledger: join(directory, "ledger") };
        let sum = 0;
        for (let rounds = 0; sum < clients * numbers; rounds++) {
          if (rounds === maxRounds) throw new Error(`${sum} of ${clients * numbers} after ${maxRounds} rounds`);
          const ended = await round(files, random, clients * numbers - acknowledgedIn(files));
          if (ended.isKilled) kills++;
          if (ended.firstMs !== undefined) firstMs.push(ended.firstMs);
          const now = await check(files);
          expect(now).toBeGreaterThanOrEqual(sum);
          sum = now;
        }
        expect(sum).toBe(clients * numbers);
      } finally {
        await rm(directory, { recursive: true, force: true });
      }
    }
    print(
      `counters: ${kills} kills, ${clients} clients; start to first acknowledged turn ${median(firstMs)} ms, at most ${Math.max(...firstMs)} ms`,
    );
    expect(kills).toBeGreaterThanOrEqual(leastKills * times);
  });
});
