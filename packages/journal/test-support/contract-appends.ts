// oxlint-disable max-lines-per-function -- a suite of tests, as in *.test.ts
import { JournalConflictError, JournalError } from "@orgtree/core";
import { describe, expect, test } from "vitest";
import { collect, entry, seqs, show } from "./collect.ts";
import type { MakeStore } from "./journal-contract.ts";

export function testAppends(make: MakeStore): void {
  describe("append", () => {
    test("gives back the position of the last entry; positions rise", async () => {
      await using store = await make();
      const journal = await store.open();
      const first = await journal.append([entry("/a", 0, { kind: "whole" })]);
      const second = await journal.append([entry("/a", 1), entry("/b", 0, { kind: "whole" })]);
      expect(first).toBeGreaterThan(0);
      expect(second).toBeGreaterThan(first);
      const all = await collect(journal.read());
      expect(all.map(({ position }) => position)).toEqual(all.map(({ position }) => position).toSorted((a, b) => a - b));
      expect(all.at(-1)!.position).toBe(second);
      await journal.close();
    });

    test("gives the position of the newest entry for no entries at all", async () => {
      await using store = await make();
      const journal = await store.open();
      const position = await journal.append([entry("/a", 0)]);
      expect(await journal.append([])).toBe(position);
      await journal.close();
    });

    test("stores in the order of the calls, without waiting for any", async () => {
      await using store = await make();
      const journal = await store.open();
      const wanted = Array.from({ length: 200 }, (_, n) => entry(n % 3 === 0 ? "/a" : "/b", n));
      const positions = await Promise.all(wanted.map((one) => journal.append([one])));
      expect(positions).toEqual(positions.toSorted((a, b) => a - b));
      expect((await collect(journal.read())).map(show)).toEqual(wanted.map(show));
      await journal.close();
    });

    test("answers in the order of the calls, failures too", async () => {
      await using store = await make();
      const journal = await store.open();
      const answers: number[] = [];
      const seen = [0, 1, 1, 2, 1, 3].map((seq, call) =>
        journal.append([entry("/a", seq, { text: `call ${call}` })]).then(
          () => answers.push(call),
          () => answers.push(-call),
        ),
      );
      await Promise.all(seen);
      expect(answers).toEqual([0, 1, -2, 3, -4, 5]);
      await journal.close();
    });

    test("stores all of an append or none of it", async () => {
      await using store = await make();
      const journal = await store.open();
      await journal.append([entry("/a", 5, { kind: "whole" })]);
      const refused = journal.append([entry("/a", 6), entry("/new", 0, { kind: "whole" }), entry("/a", 5, { text: "other" })]);
      await expect(refused).rejects.toBeInstanceOf(JournalConflictError);
      expect((await collect(journal.read())).map(show)).toEqual(["/a#5 whole /a#5"]);
      expect(await journal.lastSeqs()).toEqual(new Map([["/a", 5]]));
      // The numbers that were refused with it are free.
      await journal.append([entry("/a", 6), entry("/new", 0, { kind: "whole" })]);
      await journal.close();
    });

    test("counts an entry that is there, byte for byte, as stored", async () => {
      await using store = await make();
      const journal = await store.open();
      const [one, two] = [entry("/a", 1, { kind: "whole", mark: "start" }), entry("/a", 2)];
      const first = await journal.append([one]);
      const second = await journal.append([two]);
      expect(await journal.append([one])).toBe(first);
      expect(await journal.append([one, two])).toBe(second);
      const third = await journal.append([one, two, entry("/a", 3)]);
      expect(third).toBeGreaterThan(second);
      expect(await journal.append([entry("/a", 3), one])).toBe(first);
      expect(seqs(await collect(journal.read()))).toEqual([1, 2, 3]);
      await journal.close();
    });

    test("counts an entry that comes twice in one append once", async () => {
      await using store = await make();
      const journal = await store.open();
      const position = await journal.append([entry("/a", 1), entry("/b", 1), entry("/a", 1)]);
      expect((await collect(journal.read({ address: "/a" }))).map((stored) => stored.position)).toEqual([position]);
      await expect(journal.append([entry("/c", 1), entry("/c", 1, { text: "other" })])).rejects.toBeInstanceOf(JournalConflictError);
      expect(await collect(journal.read({ address: "/c" }))).toEqual([]);
      await journal.close();
    });

    test.each([
      ["other data", entry("/a", 2, { text: "other" })],
      ["longer data", entry("/a", 2, { text: "/a#2 " })],
      ["another kind", entry("/a", 2, { kind: "whole" })],
      ["a mark", entry("/a", 2, { mark: "" })],
      ["a number before the newest that was never there", entry("/a", 1)],
    ])("refuses %s under a number that is taken", async (_, refused) => {
      await using store = await make();
      const journal = await store.open();
      await journal.append([entry("/a", 0, { kind: "whole" }), entry("/a", 2), entry("/a", 4)]);
      const error: unknown = await journal.append([refused]).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(JournalConflictError);
      expect(error).toMatchObject({ address: "/a", seq: refused.seq, outcome: "not-done", retryable: false });
      expect(String(error)).toContain("its newest is 4");
      expect(seqs(await collect(journal.read()))).toEqual([0, 2, 4]);
      await journal.close();
    });

    test("refuses what is no entry, and stores nothing of the append", async () => {
      await using store = await make();
      const journal = await store.open();
      const wrong = [
        { ...entry("/a", 1), address: "a" },
        entry("/a", -1),
        entry("/a", 1.5),
        { ...entry("/a", 1), kind: "half" },
        { ...entry("/a", 1), data: "text" },
        { ...entry("/a", 1), mark: 7 },
      ];
      for (const one of wrong) {
        await expect(journal.append([entry("/b", 1), one as never])).rejects.toMatchObject({ outcome: "not-done" });
        await expect(journal.append([one as never])).rejects.toBeInstanceOf(JournalError);
      }
      expect(await collect(journal.read())).toEqual([]);
      await journal.close();
    });

    test("keeps data and marks as they were, whatever they are", async () => {
      await using store = await make();
      const journal = await store.open();
      const buffer = new Uint8Array(64).map((_, index) => index);
      // A view into something larger, as an encoder hands out.
      await journal.append([entry("/a", 1, { data: buffer.subarray(8, 12), mark: 'before "the" ✂ change' })]);
      await journal.append([entry("/a", 2, { data: new Uint8Array(0), mark: "" })]);
      buffer.fill(99);
      const all = await collect(journal.read());
      expect(all.map(({ data }) => [...data])).toEqual([[8, 9, 10, 11], []]);
      expect(all.map(({ mark }) => mark)).toEqual(['before "the" ✂ change', ""]);
      all[0]!.data.fill(0);
      expect([...(await collect(journal.read()))[0]!.data]).toEqual([8, 9, 10, 11]);
      await journal.close();
    });
  });
}
