/** The bug-fix crew, killed with SIGKILL again and again and resumed each time, until it has finished. */
import { existsSync, readFileSync } from "node:fs";
import { execFile } from "node:child_process";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { openSqliteJournalReader } from "orgtree/journal";
import { describe, expect, test } from "vitest";
import { readTurn } from "@orgtree/runtime";
import { checkTideTable, Desk, type OrgtreeProcess } from "../cli/orgtree-process.ts";
import type { SeededRandom } from "../simulation/seeded-random.ts";
import type { LedgerLine } from "./ledgered-crew.ts";
import { openSeed, print, times } from "./seed.ts";

const execute = promisify(execFile);
const crew = fileURLToPath(new URL("ledgered-crew.ts", import.meta.url));
/** A run that makes no progress between kills would go on for ever. */
const maxRounds = 60;
/** As many kills have to strike, or nothing was shown. */
const leastKills = 4;

/** An effect that is over, as the journal has it. */
interface Finished {
  readonly kind: string;
  readonly key: string;
  readonly tokens?: number;
}

/** What is finished, in order. */
async function finishedIn(file: string): Promise<readonly Finished[]> {
  await using journal = openSqliteJournalReader(file);
  const finished: Finished[] = [];
  for await (const entry of journal.read()) {
    if (entry.kind === "end") continue;
    for (const { kind, detail } of readTurn(entry).effects) if (kind === "orgtree.note") finished.push(detail as Finished);
  }
  return finished.filter(({ kind }) => ["model", "tool", "check"].includes(kind));
}

function readLedger(file: string): readonly LedgerLine[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as LedgerLine);
}

/** Kills it after so many lines and a moment; gives back whether that struck. */
async function killAtRandom(orgtree: OrgtreeProcess, random: SeededRandom): Promise<boolean> {
  const heard = await orgtree.lines(random.int(10, 45));
  if (heard) {
    // In the middle of something, not only when something was just said. Nothing is waited for: the moment is the point.
    await new Promise((resolve) => setTimeout(resolve, random.int(0, 40)));
    orgtree.signal("SIGKILL");
  }
  return (await orgtree.ended).signal === "SIGKILL";
}

interface Killed {
  readonly kills: number;
  readonly result: { readonly status: string; readonly patch: string; readonly report: { readonly tokens: number; readonly usd: number } };
}

/** Until it has finished. After each kill: what was finished then does not run again. */
async function killUntilDone(
  desk: Desk,
  random: SeededRandom,
  files: { readonly journal: string; readonly ledger: string },
): Promise<Killed> {
  const { journal, ledger } = files;
  const env = { LEDGER: ledger };
  const held: { readonly keys: ReadonlySet<string>; readonly lines: number }[] = [];
  for (let round = 0; round < maxRounds; round++) {
    const isBegun = existsSync(journal) && (await finishedIn(journal).then(() => true));
    const args = isBegun ? ["run", crew, "--resume", journal] : ["run", crew, "--journal", journal];
    const orgtree = desk.start([...args, "--json"], env);
    const isKilled = await killAtRandom(orgtree, random);
    const lines = readLedger(ledger);
    for (const { keys, lines: then } of held) expect(lines.slice(then).filter(({ key }) => keys.has(key))).toEqual([]);
    if (isKilled) {
      held.push({ keys: new Set((await finishedIn(journal)).map(({ key }) => key)), lines: lines.length });
      continue;
    }
    const { code, stdout, stderr } = await orgtree.ended;
    expect(code, `${stderr}${stdout.trimEnd().split("\n").slice(-12).join("\n")}`).toBe(0);
    return { kills: held.length, result: JSON.parse(stdout.trimEnd().split("\n").at(-1)!) as Killed["result"] };
  }
  throw new Error(`it has not finished after ${maxRounds} rounds`);
}

describe("the bug-fix crew, killed with SIGKILL at random moments", () => {
  test("finishes; what was finished ran once; its patch passes; its costs add up", { timeout: 60_000 * times }, async () => {
    const random = openSeed("crew");
    let kills = 0;
    for (let run = 0; run < times; run++) {
      await using desk = await Desk.open();
      const files = { journal: join(desk.cwd, "crew.journal"), ledger: join(desk.cwd, "ledger") };
      const killed = await killUntilDone(desk, random.fork(String(run)), files);
      kills += killed.kills;
      const { result } = killed;
      expect(result.status).toBe("done");
      const finished = await finishedIn(files.journal);
      // A check that an agent runs as a tool is both.
      const keys = finished.filter(({ kind }) => kind === "model").map(({ key }) => key);
      expect(new Set(finished.map(({ kind, key }) => `${kind} ${key}`)).size).toBe(finished.length);
      const lines = readLedger(files.ledger);
      print(`crew: ${killed.kills} kills, ${finished.length} effects, ${lines.filter(({ step }) => step === "begin").length} begun`);
      const answers = new Map(lines.flatMap(({ key, tokens }) => (tokens === undefined ? [] : [[key, tokens] as const])));
      const paid = keys.reduce((sum, key) => sum + (answers.get(key) ?? 0), 0);
      expect(result.report.tokens).toBe(paid);
      expect(finished.reduce((sum, { tokens = 0 }) => sum + tokens, 0)).toBe(paid);
      const repo = await desk.tideTable("fresh");
      const patch = join(desk.cwd, "result.patch");
      await writeFile(patch, result.patch);
      await execute("git", ["-C", repo, "apply", patch]);
      expect(await checkTideTable(repo)).toBe(0);
      expect(await readdir(desk.temporary)).toEqual([]);
    }
    expect(kills).toBeGreaterThanOrEqual(leastKills * times);
  });
});
