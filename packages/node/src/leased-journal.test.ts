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
});
