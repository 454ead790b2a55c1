/** Files of journals that are made: for their owner alone, and whole or not at all. */
import { execFile } from "node:child_process";
import { existsSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { entry } from "../../test-support/collect.ts";
import { failure, journalFileOfEachTest } from "../../test-support/journal-file.ts";
import { repairJournal } from "../salvage/repair-journal.ts";
import { verifyJournal } from "../salvage/verify-journal.ts";
import { forkFile } from "./fork-file.ts";
import { writeNewFile } from "./new-file.ts";
import { openSqliteJournal } from "./sqlite-journal.ts";

const file = journalFileOfEachTest();
const modesOf = (path: string): readonly string[] =>
  ["", "-wal", "-shm"]
    .filter((suffix) => existsSync(`${path}${suffix}`))
    .map((suffix) => (statSync(`${path}${suffix}`).mode & 0o777).toString(8));

test.each([
  { mode: undefined, is: "600" },
  { mode: 0o660, is: "660" },
  { mode: 0o644, is: "644" },
])("a file that is made has the mode $mode, and so has what lies beside it, whatever the mask of the process", async ({ mode, is }) => {
  const before = process.umask(0o022);
  try {
    await using journal = await openSqliteJournal(file.path, { mode });
    await journal.append([entry("/a", 0, { kind: "whole" })]);
    expect(modesOf(file.path)).toEqual([is, is, is]);
  } finally {
    process.umask(before);
  }
});

test("forks and repairs are for their owner alone; a file that is there keeps its mode", async () => {
  await using journal = await openSqliteJournal(file.path, { mode: 0o644 });
  await journal.append([entry("/a", 0, { kind: "whole" })]);
  await forkFile(file.path, { to: join(file.directory, "fork") });
  await repairJournal(file.path, { to: join(file.directory, "repair") });
  await journal.close();
  await (await openSqliteJournal(file.path)).close();
  expect(modesOf(file.path)).toEqual(["644"]);
  expect(modesOf(join(file.directory, "fork"))).toEqual(["600"]);
  expect(modesOf(join(file.directory, "repair"))).toEqual(["600"]);
});

test("with mustExist nothing is made", async () => {
  expect(await failure(openSqliteJournal(file.path, { mustExist: true }))).toMatchObject({
    name: "JournalError",
    message: `journal ${file.path}: there is no such file; give the path of a journal`,
  });
  expect(readdirSync(file.directory)).toEqual([]);
  writeFileSync(file.path, "");
  expect(String(await failure(openSqliteJournal(file.path, { mustExist: true })))).toContain("nothing was written to it yet");
  await (await openSqliteJournal(file.path)).close();
  await (await openSqliteJournal(file.path, { mustExist: true })).close();
});

test("a repair whose process is killed leaves nothing under the new name, and the next one makes it", { timeout: 30_000 }, async () => {
  await using journal = await openSqliteJournal(file.path);
  const data = new Uint8Array(2_000);
  await journal.append(Array.from({ length: 400 }, (_, seq) => ({ ...entry("/a", seq, { kind: "whole" }), data })));
  const to = join(file.directory, "mended");
  // It dies when the new file has grown; with SIGKILL nothing of it is tidied up.
  const script = `
    import { existsSync, statSync } from "node:fs";
    import { repairJournal } from ${JSON.stringify(new URL("../salvage/repair-journal.ts", import.meta.url).href)};
    const look = () => {
      if (existsSync(${JSON.stringify(to)})) return;
      if (existsSync(${JSON.stringify(`${to}.unfinished`)})) process.kill(process.pid, "SIGKILL");
      setImmediate(look);
    };
    look();
    await repairJournal(${JSON.stringify(file.path)}, { to: ${JSON.stringify(to)} });`;
  const args = ["--conditions=@orgtree/source", "--input-type=module", "-e", script];
  const killed: unknown = await promisify(execFile)(process.execPath, args).catch((error: unknown) => error);
  expect(killed).toMatchObject({ signal: "SIGKILL" });
  expect(existsSync(to)).toBe(false);
  expect(existsSync(`${to}.unfinished`)).toBe(true);
  expect(await repairJournal(file.path, { to })).toMatchObject({ kept: 400, problems: [] });
  expect(await verifyJournal(to)).toMatchObject({ isSound: true, entries: 400 });
  expect(readdirSync(file.directory).filter((name) => name.startsWith("mended"))).toEqual(["mended"]);
});

test("what fails in the middle leaves nothing", async () => {
  const to = join(file.directory, "new");
  const writing = writeNewFile(to, "it is a new file", (unfinished) => {
    for (const suffix of ["", "-wal"]) writeFileSync(`${unfinished}${suffix}`, "half");
    return Promise.reject(new Error("no space"));
  });
  await expect(writing).rejects.toThrow("no space");
  expect(readdirSync(file.directory)).toEqual([]);
});
