// oxlint-disable max-lines-per-function -- a suite of tests, as in *.test.ts
import { JournalConflictError, JournalError } from "@orgtree/core";
import { describe, expect, test } from "vitest";
import { collect, entry, seqs } from "./collect.ts";
import type { MakeStore } from "./journal-contract.ts";

export function testCompaction(make: MakeStore): void {
  describe("compact", () => {
    test("leaves today's images, and no number comes twice", async () => {
      await using store = await make();
      const journal = await store.open();
      await journal.append([
        entry("/a", 1, { kind: "whole" }),
        entry("/a", 2),
        entry("/b", 5, { kind: "whole" }),
        entry("/b", 6, { kind: "end" }),
      ]);
      await journal.append([entry("/a", 3, { kind: "whole" }), entry("/a", 4)]);
      expect(await journal.compact()).toEqual({ removed: 4, kept: 2 });
      expect(seqs(await collect(journal.read()))).toEqual([3, 4]);
      expect(seqs((await journal.image("/a"))?.entries)).toEqual([3, 4]);
      expect(await journal.lastSeqs()).toEqual(
        new Map([
          ["/a", 4],
          ["/b", 6],
        ]),
      );
      await expect(journal.append([entry("/b", 6, { kind: "whole" })])).rejects.toBeInstanceOf(JournalConflictError);
      await expect(journal.append([entry("/a", 2)])).rejects.toBeInstanceOf(JournalConflictError);
      await journal.append([entry("/b", 7, { kind: "whole" })]);
      expect(await journal.compact()).toEqual({ removed: 0, kept: 3 });
      await journal.close();
    });

    test("gives no position twice, though the newest entry is gone", async () => {
      await using store = await make();
      let journal = await store.open();
      const position = await journal.append([entry("/a", 1, { kind: "whole" }), entry("/a", 2, { kind: "end" })]);
      await journal.compact();
      await journal.close();
      journal = await store.open();
      expect(await journal.append([entry("/a", 3, { kind: "whole" })])).toBeGreaterThan(position);
      await journal.close();
    });

    test("leaves what is behind keepAfter, and the images as they were there", async () => {
      await using store = await make();
      const journal = await store.open();
      await journal.append([entry("/a", 1, { kind: "whole" }), entry("/a", 2, { kind: "whole" })]);
      const keepAfter = await journal.append([entry("/a", 3), entry("/b", 1, { kind: "whole" })]);
      const next = await journal.append([entry("/a", 4, { kind: "whole" })]);
      await journal.append([entry("/b", 2, { kind: "end" })]);
      expect(await journal.compact({ keepAfter })).toEqual({ removed: 1, kept: 5 });
      expect(seqs((await journal.image("/a", keepAfter))?.entries)).toEqual([2, 3]);
      expect(await collect(journal.images(keepAfter))).toHaveLength(2);
      expect(await collect(journal.images(next))).toHaveLength(2);
      expect(await collect(journal.images())).toHaveLength(1);
      await journal.close();
    });

    test("has a horizon behind it, over each opening, which only rises", async () => {
      await using store = await make();
      let journal = await store.open();
      expect(await journal.horizon()).toBe(0);
      const first = await journal.append([entry("/a", 1, { kind: "whole" })]);
      const second = await journal.append([entry("/a", 2, { kind: "whole" })]);
      expect(await journal.horizon()).toBe(0);
      await journal.compact({ keepAfter: second });
      expect(await journal.horizon()).toBe(second);
      await journal.compact({ keepAfter: first });
      await journal.close();
      await expect(journal.horizon()).rejects.toBeInstanceOf(JournalError);
      journal = await store.open();
      expect(await journal.horizon()).toBe(second);
      await expect(collect(journal.images(second - 1))).rejects.toMatchObject({ oldest: second });
      await journal.close();
    });

    test("leaves marked entries, and what is needed to view them", async () => {
      await using store = await make();
      const journal = await store.open();
      await journal.append([entry("/a", 1, { kind: "whole" }), entry("/a", 2, { kind: "whole" }), entry("/a", 3)]);
      const position = await journal.append([entry("/a", 4, { mark: "before the change" })]);
      await journal.append([entry("/a", 5), entry("/a", 6, { kind: "whole" })]);
      await journal.compact();
      expect(seqs(await collect(journal.read()))).toEqual([2, 3, 4, 6]);
      const [marked] = await collect(journal.read({ mark: "before the change" }));
      expect(marked!.position).toBe(position);
      expect(seqs((await journal.image("/a", position))?.entries)).toEqual([2, 3, 4]);
      expect(seqs((await journal.image("/a"))?.entries)).toEqual([6]);
      await journal.close();
    });

    test("does not bring back whoever ended behind a marked entry", async () => {
      await using store = await make();
      const journal = await store.open();
      const marked = await journal.append([entry("/a", 1, { kind: "whole", mark: "start" })]);
      await journal.append([entry("/a", 2), entry("/a", 3, { kind: "end" })]);
      await journal.compact();
      expect(await collect(journal.images())).toEqual([]);
      expect(seqs((await journal.image("/a", marked))?.entries)).toEqual([1]);
      await journal.close();
    });

    test("leaves the past viewable where parts follow an end that it could remove", async () => {
      await using store = await make();
      const journal = await store.open();
      await journal.append([entry("/a", 1, { kind: "whole" }), entry("/a", 2, { kind: "end" })]);
      const at = await journal.append([entry("/a", 3, { mark: "a part of nothing" })]);
      await journal.append([entry("/a", 4), entry("/a", 5, { kind: "whole" })]);
      using pin = journal.pin(at);
      await journal.compact();
      expect(await collect(journal.images(at))).toEqual([]);
      expect(await journal.image("/a", at + 1)).toBeUndefined();
      expect(seqs((await journal.image("/a"))?.entries)).toEqual([5]);
      pin.release();
      await journal.compact();
      expect(await journal.image("/a", at)).toBeUndefined();
      expect(seqs((await journal.image("/a"))?.entries)).toEqual([5]);
      await journal.close();
    });

    test("leaves everything from a pin on, until it is released", async () => {
      await using store = await make();
      const journal = await store.open();
      await journal.append([entry("/a", 1, { kind: "whole" }), entry("/b", 1, { kind: "whole" })]);
      await journal.append([entry("/a", 2, { kind: "whole" })]);
      const at = await journal.append([entry("/a", 3)]);
      const pin = journal.pin(at);
      const later = journal.pin(await journal.append([entry("/b", 2, { kind: "end" }), entry("/a", 4, { kind: "whole" })]));
      expect(await journal.compact()).toEqual({ removed: 1, kept: 5 });
      expect(seqs((await journal.image("/a", at))?.entries)).toEqual([2, 3]);
      expect(await collect(journal.images(at))).toHaveLength(2);
      pin.release();
      pin.release();
      later.release();
      expect(await journal.compact()).toEqual({ removed: 4, kept: 1 });
      {
        using _pin = journal.pin(0);
        await journal.append([entry("/a", 5, { kind: "whole" })]);
        expect(await journal.compact()).toEqual({ removed: 0, kept: 2 });
      }
      expect(await journal.compact()).toEqual({ removed: 1, kept: 1 });
      await journal.close();
    });

    test("makes the past refuse to be viewed where it is not whole any more", async () => {
      await using store = await make();
      const journal = await store.open();
      const early = await journal.append([entry("/a", 1, { kind: "whole" })]);
      await journal.append([entry("/a", 2), entry("/a", 3, { kind: "whole" })]);
      await journal.compact();
      const error: unknown = await journal.image("/a", early).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(JournalError);
      expect(error).toMatchObject({ name: "JournalCompactedError", position: early });
      await expect(collect(journal.images(early))).rejects.toMatchObject({ name: "JournalCompactedError" });
      await journal.close();
    });

    test("may be asked for while appends go on, and refuses a position that is none", async () => {
      await using store = await make();
      const journal = await store.open();
      const work: Promise<unknown>[] = [];
      for (let seq = 0; seq < 300; seq++) {
        work.push(journal.append([entry("/a", seq, { kind: seq % 10 === 0 ? "whole" : "part" })]));
        if (seq % 50 === 0) work.push(journal.compact());
      }
      await Promise.all(work);
      await expect(journal.compact({ keepAfter: -3 })).rejects.toThrow("-3 is no position");
      await journal.compact({ keepAfter: Number.MAX_SAFE_INTEGER });
      expect(seqs(await collect(journal.read()))).toEqual([290, 291, 292, 293, 294, 295, 296, 297, 298, 299]);
      await journal.close();
    });
  });
}
