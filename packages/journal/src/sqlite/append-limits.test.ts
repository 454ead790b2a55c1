import { randomBytes } from "node:crypto";
import { type JournalError, JournalFullError } from "@orgtree/core";
import { describe, expect, test } from "vitest";
import { collect, entry, seqs } from "../../test-support/collect.ts";
import { failure, journalFileOfEachTest, tamper } from "../../test-support/journal-file.ts";
import { verifyJournal } from "../salvage/verify-journal.ts";
import { openLinked, openSqliteJournal } from "./sqlite-journal.ts";

const file = journalFileOfEachTest();

describe("a full disk", () => {
  test("refuses appends as not done, and the journal goes on when there is space again", async () => {
    await using journal = await openSqliteJournal(file.path, { maxFileBytes: 200_000 });
    const data = new Uint8Array(randomBytes(8_000));
    let seq = 0;
    const fill = async (): Promise<never> => {
      for (;;) {
        await journal.append([entry("/a", seq, { kind: "whole", data })]);
        seq++;
      }
    };
    const error = await failure(fill());
    expect(error).toMatchObject({ name: "JournalError", outcome: "not-done", retryable: true });
    expect(String(error)).toContain("it is full");
    expect(seq).toBeGreaterThan(10);
    // Reading goes on, and what was refused left nothing.
    expect(await collect(journal.read())).toHaveLength(seq);
    expect((await journal.compact()).kept).toBe(1);
    await journal.append([entry("/a", seq, { kind: "whole", data })]);
    expect(seqs(await collect(journal.read()))).toEqual([seq - 1, seq]);
    expect(await verifyJournal(file.path)).toMatchObject({ isSound: true });
  });

  test("refuses what was queued behind the append that failed: it may build on it", async () => {
    await using journal = await openSqliteJournal(file.path, { maxFileBytes: 200_000 });
    await journal.append([entry("/a", 0, { kind: "whole" })]);
    const large = journal.append([entry("/a", 1, { data: new Uint8Array(randomBytes(17_000_000)) })]);
    // In messages and transactions of their own: one takes 16 MiB.
    const more = [2, 3, 4].map((seq) => Promise.resolve().then(() => journal.append([entry("/a", seq)])));
    for (const result of await Promise.allSettled([large, ...more])) {
      expect(result).toMatchObject({ status: "rejected", reason: { name: "JournalError", outcome: "not-done", retryable: true } });
    }
    await journal.append([entry("/a", 1)]);
    expect(seqs(await collect(journal.read()))).toEqual([0, 1]);
  });
});

describe("waiting appends", () => {
  test("are bounded: more are refused until some are stored", async () => {
    await using journal = await openSqliteJournal(file.path, { maxWaitingBytes: 1_000 });
    const data = new Uint8Array(400);
    const results = await Promise.allSettled(
      [1, 2, 3, 4].map((seq) => journal.append([entry("/a", seq, { data: seq === 4 ? new Uint8Array(1) : data })])),
    );
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected", "rejected"]);
    expect(results[2]).toMatchObject({ reason: { name: "JournalFullError", retryable: true, outcome: "not-done" } });
    expect((results[3] as PromiseRejectedResult).reason).toBeInstanceOf(JournalFullError);
    await journal.append([entry("/a", 3, { data })]);
    // One that is larger than the bound is taken when nothing else waits.
    await journal.append([entry("/a", 4, { data: new Uint8Array(5_000) })]);
  });

  test.each([0, -1, 1.5, Number.NaN])("%d is no bound", async (maxWaitingBytes) => {
    expect(String(await failure(openSqliteJournal(file.path, { maxWaitingBytes })))).toContain(
      "maxWaitingBytes must be a whole number from 1 on",
    );
  });

  test("reject with an unknown outcome when the thread dies, and nothing is left unhandled", async () => {
    const unhandled: unknown[] = [];
    const hear = (reason: unknown): void => void unhandled.push(reason);
    process.on("unhandledRejection", hear);
    const { journal, link } = await openLinked(file.path);
    await journal.append([entry("/a", 1, { kind: "whole" })]);
    const waiting = [2, 3, 4].map((seq) => journal.append([entry("/a", seq)]));
    const asked = [journal.image("/a"), journal.compact(), collect(journal.read())];
    const ended = link.terminate();
    for (const result of await Promise.allSettled([...waiting, ...asked])) {
      if (result.status === "fulfilled") continue;
      expect(result.reason).toMatchObject({ name: "JournalError", outcome: "unknown" });
    }
    await ended;
    const late = await failure(journal.append([entry("/a", 5)]));
    expect(late).toMatchObject({ name: "JournalError", outcome: "not-done" });
    expect(String(late)).toContain("its thread has ended");
    await journal.close();
    process.off("unhandledRejection", hear);
    expect(unhandled).toEqual([]);
    // The process lives, its writer does not: no takeOver is needed. What was unknown may be made again.
    await using again = await openSqliteJournal(file.path);
    for (const seq of [2, 3, 4]) await again.append([entry("/a", seq)]);
    expect(seqs((await again.image("/a"))?.entries)).toEqual([1, 2, 3, 4]);
  });
});

test("an append that can never be stored fails for good, and those of others in its transaction may be made again", async () => {
  await using journal = await openSqliteJournal(file.path);
  await journal.append([entry("/a", 0, { kind: "whole" }), entry("/b", 0, { kind: "whole" })]);
  tamper(file.path, "CREATE TRIGGER never BEFORE INSERT ON entries WHEN NEW.seq = 7 BEGIN SELECT RAISE(ABORT, 'never'); END");
  const results = await Promise.allSettled([
    journal.append([entry("/b", 1)]),
    journal.append([entry("/a", 7)]),
    journal.append([entry("/b", 2)]),
  ]);
  const facts = results
    .map((result) => (result as PromiseRejectedResult).reason as JournalError)
    .map(({ retryable, outcome }) => [retryable, outcome]);
  expect(facts).toEqual([
    [true, "not-done"],
    [false, "not-done"],
    [true, "not-done"],
  ]);
  for (const seq of [1, 2]) await journal.append([entry("/b", seq)]);
  expect(seqs((await journal.image("/b"))?.entries)).toEqual([0, 1, 2]);
});
