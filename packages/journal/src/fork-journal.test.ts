import { JournalCompactedError, type Address, type Journal } from "@orgtree/core";
import { describe, expect, test } from "vitest";
import { collect, entry, show, showImages } from "../test-support/collect.ts";
import { forkJournal } from "./fork-journal.ts";
import { ForkError } from "./fork-point.ts";
import { MemoryJournal } from "./memory-journal.ts";

const whole = { kind: "whole" } as const;

/** Two actors, one of whom ends and is there again. */
async function madeSource(): Promise<Journal> {
  const journal = new MemoryJournal();
  await journal.append([entry("/a", 0, whole), entry("/b", 4, whole)]);
  await journal.append([entry("/a", 1, { mark: "here" })]);
  await journal.append([entry("/b", 5, { kind: "end" }), entry("/a", 2), entry("/b", 9, whole), entry("/a", 3, { mark: "here" })]);
  return journal;
}

describe("forkJournal", () => {
  test("copies everything, entry by entry, into a run of another name", async () => {
    const source = await madeSource();
    const target = new MemoryJournal();
    const report = await forkJournal(source, target);
    expect((await collect(target.read())).map(show)).toEqual((await collect(source.read())).map(show));
    expect(report).toEqual({ position: 7, entries: 7, actors: ["/a", "/b"], run: target.run });
    expect(target.run).not.toBe(source.run);
  });

  test.each([
    { at: { position: 3 }, last: 3 },
    { at: { address: "/b", seq: 5 }, last: 4 },
    { at: { checkpoint: "here" }, last: 7 },
  ] as const)("copies up to a point: $at", async ({ at, last }) => {
    const source = await madeSource();
    const target = new MemoryJournal();
    expect(await forkJournal(source, target, { at })).toMatchObject({ position: last, entries: last });
    expect(showImages(await collect(target.images()))).toEqual(showImages(await collect(source.images(last))));
    await target.append([entry("/a", 50, whole)]);
    expect(await source.lastSeqs()).toEqual(
      new Map([
        ["/a", 3],
        ["/b", 9],
      ]),
    );
  });

  test.each([
    { at: { position: 8 }, says: "position 8 is behind the end" },
    { at: { position: 0 }, says: "position 0 is none" },
    { at: { address: "/a" as Address, seq: 7 }, says: "/a has no turn 7" },
    { at: { address: "/aa" as Address, seq: 7 }, says: "nothing is stored of /aa; did you mean /a?" },
    { at: { checkpoint: "there" }, says: 'there is no checkpoint "there"; did you mean "here"?' },
  ])("names what is not there: $at", async ({ at, says }) => {
    const target = new MemoryJournal();
    await expect(forkJournal(await madeSource(), target, { at })).rejects.toThrow(says);
    expect(await collect(target.read())).toEqual([]);
  });

  test("takes an empty journal only", async () => {
    await expect(forkJournal(await madeSource(), await madeSource())).rejects.toBeInstanceOf(ForkError);
  });

  test("of a compacted past has what is left of it, says so, and gives no number again", async () => {
    const source = await madeSource();
    await source.append([entry("/c", 3, whole), entry("/c", 20, { kind: "end" }), entry("/a", 4, whole)]);
    await source.compact({ keepAfter: 9 });
    await source.append([entry("/a", 5)]);
    await expect(forkJournal(source, new MemoryJournal(), { at: { position: 8 } })).rejects.toBeInstanceOf(JournalCompactedError);
    for (const at of [undefined, { position: 10 }]) {
      const target = new MemoryJournal();
      await forkJournal(source, target, at === undefined ? {} : { at });
      expect(showImages(await collect(target.images()))).toEqual(showImages(await collect(source.images(at?.position))));
      expect((await target.lastSeqs()).get("/c")).toBe(20);
      await expect(collect(target.images(1))).rejects.toBeInstanceOf(JournalCompactedError);
    }
  });

  test("copies what is more than one batch", async () => {
    const source = new MemoryJournal();
    for (let seq = 0; seq < 1_300; seq++) await source.append([entry("/a", seq, seq === 0 ? whole : {})]);
    const target = new MemoryJournal();
    await forkJournal(source, target, { at: { address: "/a", seq: 1_100 } });
    expect(await collect(target.read())).toHaveLength(1_101);
  });
});
