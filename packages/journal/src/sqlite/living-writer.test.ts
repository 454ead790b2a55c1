import { existsSync, readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { JournalFencedError, JournalLockedError } from "@orgtree/core";
import { describe, expect, test, vi } from "vitest";
import { collect, entry, seqs } from "../../test-support/collect.ts";
import { failure, journalFileOfEachTest, writeWriter } from "../../test-support/journal-file.ts";
import { exportJournal } from "../salvage/export-journal.ts";
import { verifyJournal } from "../salvage/verify-journal.ts";
import { ownProcess } from "./process-identity.ts";
import { openSqliteJournal } from "./sqlite-journal.ts";
import { openSqliteJournalReader } from "./sqlite-reader.ts";

const file = journalFileOfEachTest();
const [boot] = ownProcess().birth.split(" ");
/** No process has this number. */
const gone = 2 ** 22 + 1;

describe("a second writer", () => {
  test("is refused by name while the first lives, and is let in when it has closed", async () => {
    const first = await openSqliteJournal(file.path);
    const error = await failure(openSqliteJournal(file.path));
    expect(error).toBeInstanceOf(JournalLockedError);
    expect((error as JournalLockedError).owner).toMatch(new RegExp(`process ${process.pid} on .*, started 20.*\\(this process\\)`));
    await first.append([entry("/a", 1)]);
    await first.close();
    await (await openSqliteJournal(file.path)).close();
  });

  test("takes over with takeOver, and the first is fenced", async () => {
    const first = await openSqliteJournal(file.path);
    await first.append([entry("/a", 1)]);
    await using second = await openSqliteJournal(file.path, { takeOver: true });
    const error = await failure(first.append([entry("/a", 2)]));
    expect(error).toBeInstanceOf(JournalFencedError);
    expect(String(error)).toContain(`epoch ${first.epoch} is over: another process has opened it for writing (epoch ${second.epoch})`);
    await first.close();
    // Its end took nothing from the new one.
    expect(await failure(openSqliteJournal(file.path))).toBeInstanceOf(JournalLockedError);
    await second.append([entry("/a", 2)]);
  });

  test.each([
    ["a process of another host counts as living", { host: "elsewhere", pid: 1, birth: "" }, "JournalLockedError"],
    [
      "a process of another host, which started at another time, counts as living",
      { host: "elsewhere", birth: "another 1" },
      "JournalLockedError",
    ],
    ["a process id that came again is another process", { birth: `${boot} 1` }, undefined],
    ["a process from before the machine was started again is gone", { birth: "another 1", space: "another" }, undefined],
    ["a process that is gone is no writer", { pid: gone, birth: "" }, undefined],
    [
      "a process that is gone is no writer, also when the host has another name since",
      { host: "pod-1", pid: gone, birth: `${boot} 1` },
      undefined,
    ],
    ["a process of another container is no writer when nobody has the file open", { host: "pod-1", space: "another" }, undefined],
    ["nor is it under the name of this host", { space: "another" }, undefined],
    ["a process that lives is the writer, also when the host has another name since", { host: "pod-1" }, "JournalLockedError"],
    ["a record that cannot be read is nobody's", undefined, undefined],
  ])("%s", async (_, record, refused) => {
    await (await openSqliteJournal(file.path)).close();
    const text = record === undefined ? "{" : JSON.stringify({ ...ownProcess(), opening: "x", ...record });
    writeWriter(file.path, text);
    const outcome = await openSqliteJournal(file.path).then(
      (journal) => journal.close(),
      (error: Error) => error.name,
    );
    expect(outcome).toBe(refused);
  });

  test("many at once: one gets it, the others are refused by name", async () => {
    const results = await Promise.allSettled(Array.from({ length: 6 }, () => openSqliteJournal(file.path)));
    const open = results.filter((result) => result.status === "fulfilled");
    expect(open).toHaveLength(1);
    for (const result of results) if (result.status === "rejected") expect(result.reason).toBeInstanceOf(JournalLockedError);
    await open[0]!.value.close();
  });
});

test("another process in the middle of a write is waited for, then named; nothing is stored meanwhile", async () => {
  await using journal = await openSqliteJournal(file.path, { busyMs: 20 });
  const other = new DatabaseSync(file.path);
  other.exec("BEGIN IMMEDIATE");
  const begin = performance.now();
  const [append, opening] = await Promise.all([
    failure(journal.append([entry("/a", 1)])),
    failure(openSqliteJournal(file.path, { takeOver: true, busyMs: 20 })),
  ]);
  expect(performance.now() - begin).toBeGreaterThanOrEqual(20);
  expect(append).toMatchObject({ name: "JournalError", outcome: "not-done", retryable: true });
  expect(String(append)).toContain("another process keeps it busy");
  expect(opening).toMatchObject({ name: "JournalLockedError" });
  expect(String(opening)).toMatch(/is in the middle of a write; end that process first$/);
  other.exec("ROLLBACK");
  other.close();
  await journal.append([entry("/a", 1)]);
});

test("busyMs may be 0, and not less", async () => {
  expect(String(await failure(openSqliteJournal(file.path, { busyMs: -1 })))).toContain("busyMs must be a whole number from 0 on, not -1");
  await (await openSqliteJournal(file.path, { busyMs: 0 })).close();
});

describe("openSqliteJournalReader", () => {
  test("reads beside a living writer, and sees what it stored", async () => {
    await using journal = await openSqliteJournal(file.path);
    await journal.append([entry("/a", 1, { kind: "whole", mark: "start" })]);
    await using reader = openSqliteJournalReader(file.path);
    expect(seqs((await reader.image("/a"))?.entries)).toEqual([1]);
    await journal.append([entry("/a", 2)]);
    expect(seqs(await collect(reader.read()))).toEqual([1, 2]);
    expect(await collect(reader.images())).toHaveLength(1);
    expect(await reader.lastSeqs()).toEqual(new Map([["/a", 2]]));
    await journal.append([entry("/a", 3, { kind: "whole" })]);
    await journal.compact();
    expect(await failure(reader.image("/a", 2))).toMatchObject({ name: "JournalCompactedError", position: 2, oldest: 3 });
    expect(seqs((await reader.image("/a", 1))?.entries)).toEqual([1]);
    await reader.close();
    await reader.close();
    expect(await failure(reader.image("/a"))).toMatchObject({ name: "JournalError" });
    // The writer's locks are still its own.
    await journal.append([entry("/a", 4)]);
  });
});

describe("verify beside a living writer", () => {
  test("finds everything sound while more is written", async () => {
    await using journal = await openSqliteJournal(file.path);
    const data = new Uint8Array(2_000);
    const writing = (async () => {
      for (let seq = 0; seq < 400; seq++) await journal.append([entry("/a", seq, { kind: seq % 20 === 0 ? "whole" : "part", data })]);
    })();
    for (let round = 0; round < 8; round++) {
      const report = await verifyJournal(file.path);
      expect(report).toMatchObject({ isSound: true, problems: [], damaged: [] });
      expect(report.writer).toContain(`process ${process.pid}`);
    }
    await writing;
    expect(await verifyJournal(file.path)).toMatchObject({ isSound: true, entries: 400 });
  });

  test.runIf(existsSync("/proc/locks"))("takes none of its locks away in the same process, and leaves none behind", async () => {
    const journal = await openSqliteJournal(file.path);
    await journal.append([entry("/a", 0, { kind: "whole" })]);
    const { ino } = statSync(file.path);
    const lines = (): readonly string[] => readFileSync("/proc/locks", "utf8").split("\n");
    const locks = (): readonly string[] => lines().filter((line) => line.includes(` ${process.pid} `) && line.includes(`:${ino} `));
    // The system lists a lock twice, or leaves it out, when another process takes or drops one just then; a lost lock stays lost.
    const expectLocks = (count: number): Promise<void> => vi.waitFor(() => expect(locks()).toHaveLength(count), { interval: 1 });
    await expectLocks(1);
    await verifyJournal(file.path);
    await collect(exportJournal(file.path));
    await expectLocks(1);
    await journal.close();
    await expectLocks(0);
    const open = readdirSync("/proc/self/fd").map((descriptor) => {
      // One of them is that of the listing itself, which is gone.
      return existsSync(`/proc/self/fd/${descriptor}`) ? readlinkSync(`/proc/self/fd/${descriptor}`) : "";
    });
    expect(open.filter((target) => target.startsWith(file.path))).toEqual([]);
  });
});
