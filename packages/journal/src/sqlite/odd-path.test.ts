/** Paths that are no journal's: told at once, with what to do. */
import { execFileSync } from "node:child_process";
import { linkSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { JournalError } from "@orgtree/core";
import { expect, test } from "vitest";
import { failure, journalFileOfEachTest } from "../../test-support/journal-file.ts";
import { exportJournal } from "../salvage/export-journal.ts";
import { repairJournal } from "../salvage/repair-journal.ts";
import { verifyJournal } from "../salvage/verify-journal.ts";
import { forkFile } from "./fork-file.ts";
import { openSqliteJournal } from "./sqlite-journal.ts";
import { openSqliteJournalReader } from "./sqlite-reader.ts";

const file = journalFileOfEachTest();
const noPath = "that is no path; give that of a file, as a text";

function makePipe(path: string): string {
  execFileSync("sh", ["-c", `mkfifo "$1"`, "sh", path]);
  return path;
}

test.each<[string, () => unknown, string]>([
  ["undefined", () => undefined, noPath],
  ["a number", () => 5, noPath],
  ["nothing", () => "", noPath],
  ["a zero in it", () => `${file.path}\0x`, noPath],
  ["a pipe", () => makePipe(file.path), "it is a pipe; give the path of a file"],
  ["a directory", () => file.directory, "it is a directory; give the path of a file"],
  ["a device", () => "/dev/null", "it is a device; give the path of a file"],
  ["a file as a directory", () => (writeFileSync(file.path, "x"), `${file.path}/x`), "ath"],
  ["a name that is too long", () => join(file.directory, "n".repeat(300)), "its path leads to no file"],
])("%s is refused by everybody, at once", async (_, make, says) => {
  const path = make() as string;
  const to = join(file.directory, "new.journal");
  const refusals = [
    failure(openSqliteJournal(path)),
    failure((async () => openSqliteJournalReader(path))()),
    failure(forkFile(path, { to })),
    failure(verifyJournal(path)),
    failure(repairJournal(path, { to })),
    failure(exportJournal(path).next()),
  ];
  for (const error of await Promise.all(refusals)) {
    expect(error).toBeInstanceOf(JournalError);
    expect(String(error)).toMatch(says === "ath" ? /does not exist; make it first|leads to no file|no such file/ : says);
  }
  expect(readdirSync(file.directory)).not.toContain("new.journal");
});

test("a pipe, a link to one, or a socket in the place of a log is refused too", async () => {
  await (await openSqliteJournal(file.path)).close();
  makePipe(`${file.path}-wal`);
  const says = `${file.path}-wal is a pipe, and has to be a file; move it away`;
  for (const error of [
    await failure(openSqliteJournal(file.path)),
    await failure((async () => openSqliteJournalReader(file.path))()),
    await failure(verifyJournal(file.path)),
  ])
    expect(String(error)).toContain(says);
  symlinkSync(`${file.path}-wal`, join(file.directory, "link"));
  expect(String(await failure(openSqliteJournal(join(file.directory, "link"))))).toContain("it is a pipe");
  const socket = join(file.directory, "socket");
  await using _server = createServer().listen(socket);
  expect(String(await failure(openSqliteJournal(socket)))).toContain("it is a socket");
});

test("a journal with two names is refused by both: its log lies beside one of them only", async () => {
  await (await openSqliteJournal(file.path)).close();
  mkdirSync(join(file.directory, "other"));
  const other = join(file.directory, "other", "name");
  linkSync(file.path, other);
  const says = "it has 2 names (hard links), and its log lies beside one of them only; leave one, or copy it";
  for (const path of [file.path, other]) {
    expect(String(await failure(openSqliteJournal(path)))).toContain(says);
    expect(() => openSqliteJournalReader(path)).toThrow(says);
    expect(String(await failure(verifyJournal(path)))).toContain(says);
  }
});
