/** A journal that is taken away under its writer: what is acknowledged is where it will be found. */
import { copyFileSync, existsSync, renameSync, rmSync } from "node:fs";
import { JournalMovedError } from "@orgtree/core";
import { expect, test } from "vitest";
import { collect, entry, seqs } from "../../test-support/collect.ts";
import { failure, journalFileOfEachTest } from "../../test-support/journal-file.ts";
import { openSqliteJournal } from "./sqlite-journal.ts";

const file = journalFileOfEachTest();

function move(suffixes: readonly string[], to: string): void {
  for (const suffix of suffixes) renameSync(`${file.path}${suffix}`, `${to}${suffix}`);
}

const all = ["", "-wal", "-shm"] as const;

test.each<[string, () => void]>([
  ["removed", () => all.forEach((suffix) => rmSync(`${file.path}${suffix}`))],
  ["renamed", () => move(all, `${file.path}.old`)],
  [
    "replaced by a copy",
    () => {
      copyFileSync(file.path, `${file.path}.copy`);
      renameSync(`${file.path}.copy`, file.path);
    },
  ],
  ["robbed of its log", () => rmSync(`${file.path}-wal`)],
])("one that is %s is noticed with the next append, and never believed again", async (_, take) => {
  const journal = await openSqliteJournal(file.path);
  await journal.append([entry("/a", 0, { kind: "whole" })]);
  take();
  const error = await failure(journal.append([entry("/a", 1)]));
  expect(error).toBeInstanceOf(JournalMovedError);
  expect(error).toMatchObject({ retryable: false, outcome: "unknown" });
  expect(String(error)).toContain("it was removed, renamed or replaced under its writer; end this process, put the file back");
  expect(await failure(journal.append([entry("/a", 2)]))).toBeInstanceOf(JournalMovedError);
  await journal.close();
});

test("one that was renamed and is put back has all that was acknowledged", async () => {
  const journal = await openSqliteJournal(file.path);
  await journal.append([entry("/a", 0, { kind: "whole" })]);
  move(all, `${file.path}.old`);
  await failure(journal.append([entry("/a", 1)]));
  for (const suffix of all) renameSync(`${file.path}.old${suffix}`, `${file.path}${suffix}`);
  expect(await failure(journal.append([entry("/a", 2)]))).toBeInstanceOf(JournalMovedError);
  await journal.close();
  await using again = await openSqliteJournal(file.path);
  expect(seqs(await collect(again.read()))).toEqual([0, 1]);
});

test("the end of the first takes nothing from another that was opened in its place", async () => {
  const first = await openSqliteJournal(file.path);
  await first.append([entry("/a", 0, { kind: "whole" })]);
  for (const suffix of all) rmSync(`${file.path}${suffix}`);
  await using second = await openSqliteJournal(file.path);
  await second.append([entry("/b", 0, { kind: "whole" })]);
  expect(await failure(first.append([entry("/a", 1)]))).toBeInstanceOf(JournalMovedError);
  await first.close();
  expect(existsSync(`${file.path}-wal`)).toBe(true);
  await second.append([entry("/b", 1)]);
  expect(seqs(await collect(second.read()))).toEqual([0, 1]);
});
