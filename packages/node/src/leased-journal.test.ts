import { MemoryFile, MemoryJournal } from "@orgtree/journal";
import { journalContract } from "@orgtree/journal/testing";
import { systemClock, VirtualClock } from "@orgtree/runtime";
import { describe, expect, test } from "vitest";
import { LeasedJournal } from "./leased-journal.ts";

journalContract(
  "with a lease that holds",
  () => {
    const file = new MemoryFile();
    const open = (): LeasedJournal => new LeasedJournal(new MemoryJournal(file), { clock: systemClock, holds: () => true });
    return Promise.resolve({ open: () => Promise.resolve(open()), [Symbol.asyncDispose]: () => Promise.resolve() });
  },
  { modelRuns: 20 },
);

describe("a journal whose lease does not hold", () => {
  test("stores what it is given, and says so when the lease holds again", async () => {
    const clock = new VirtualClock();
    const file = new MemoryFile();
    let holds = false;
    const journal = new LeasedJournal(new MemoryJournal(file), { clock, holds: () => holds });
    const answers: number[] = [];
    void journal.append([{ address: "/a", seq: 0, kind: "whole", data: new Uint8Array() }]).then((at) => answers.push(at));
    await clock.advance(10_000);
    expect([answers, await journal.lastSeqs()]).toEqual([[], new Map([["/a", 0]])]);
    holds = true;
    await clock.advance(100);
    expect(answers).toEqual([1]);
  });

  test("says so at once when it is to end: nobody waits for a lease that is over", async () => {
    const clock = new VirtualClock();
    const ending = new AbortController();
    const journal = new LeasedJournal(new MemoryJournal(new MemoryFile()), { clock, holds: () => false, ending: ending.signal });
    const appending = journal.append([{ address: "/a", seq: 0, kind: "whole", data: new Uint8Array() }]);
    const refused = expect(appending).rejects.toMatchObject({ name: "LeaseOverError", failureClass: "fenced", outcome: "unknown" });
    await clock.advance(1_000);
    ending.abort();
    await clock.advance(100);
    await refused;
  });

  test("stores nothing more when it is over, though nobody else has opened it yet", async () => {
    const ending = new AbortController();
    const file = new MemoryFile();
    const options = { clock: new VirtualClock(), holds: () => false, ending: ending.signal };
    const journal = new LeasedJournal(new MemoryJournal(file), options);
    ending.abort();
    const end = { address: "/a", seq: 0, kind: "end", data: new Uint8Array() } as const;
    await expect(journal.append([end])).rejects.toMatchObject({ name: "LeaseOverError", failureClass: "fenced" });
    expect(await journal.lastSeqs()).toEqual(new Map());
  });

  test.each([
    { what: "when the lease holds again", holds: true, isOver: false, expected: ["may begin"] },
    { what: "not while it does not", holds: false, isOver: false, expected: [] },
    { what: "never when it is over", holds: false, isOver: true, expected: [] },
  ])("lets work begin $what", async ({ holds, isOver, expected }) => {
    const clock = new VirtualClock();
    const ending = new AbortController();
    let now = false;
    const journal = new LeasedJournal(new MemoryJournal(new MemoryFile()), { clock, holds: () => now, ending: ending.signal });
    const told: string[] = [];
    void journal.mayBegin().then(() => told.push("may begin"));
    await clock.advance(10_000);
    expect(told).toEqual([]);
    now = holds;
    if (isOver) ending.abort();
    await clock.advance(10_000);
    expect(told).toEqual(expected);
  });

  test("tells of each append that was not stored", async () => {
    const file = new MemoryFile();
    const failures: unknown[] = [];
    const failed = (error: unknown): void => void failures.push(error);
    const journal = new LeasedJournal(new MemoryJournal(file), { clock: new VirtualClock(), holds: () => true, failed });
    void new MemoryJournal(file).epoch;
    await expect(journal.append([{ address: "/a", seq: 0, kind: "whole", data: new Uint8Array() }])).rejects.toThrow("is over");
    expect(failures).toMatchObject([{ name: "JournalFencedError" }]);
  });
});
