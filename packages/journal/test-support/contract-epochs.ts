import { JournalError, JournalFencedError } from "@orgtree/core";
import { describe, expect, test } from "vitest";
import { collect, entry, seqs } from "./collect.ts";
import type { MakeStore } from "./journal-contract.ts";

export function testEpochs(make: MakeStore): void {
  describe("epochs", () => {
    test("rise with each opening, and everything is still there", async () => {
      await using store = await make();
      const first = await store.open();
      await first.append([entry("/a", 1, { kind: "whole" }), entry("/a", 2, { mark: "here" })]);
      const before = await collect(first.read());
      await first.close();
      const second = await store.open();
      expect(second.epoch).toBeGreaterThan(first.epoch);
      expect(second.run).toBe(first.run);
      expect(await collect(second.read())).toEqual(before);
      expect(await second.lastSeqs()).toEqual(new Map([["/a", 2]]));
      await second.append([entry("/a", 3)]);
      expect(seqs((await second.image("/a"))?.entries)).toEqual([1, 2, 3]);
      await second.close();
    });

    test("are of one run, and no other journal is", async () => {
      await using one = await make();
      await using other = await make();
      const [first, second] = [await one.open(), await other.open()];
      expect(first.run).toMatch(/^[0-9a-f]{16}$/);
      expect(second.run).not.toBe(first.run);
      await Promise.all([first.close(), second.close()]);
    });

    test("fence the old writer: its appends and compactions are refused, those already queued too", async () => {
      await using store = await make();
      const old = await store.open();
      await old.append([entry("/a", 1, { kind: "whole" })]);
      const current = await store.open();
      const late = [old.append([entry("/a", 2)]), old.append([entry("/b", 1), entry("/b", 2)]), old.compact()];
      for (const result of await Promise.allSettled(late)) {
        expect(result).toMatchObject({
          status: "rejected",
          reason: { name: "JournalFencedError", outcome: "not-done", failureClass: "fenced" },
        });
      }
      // A duplicate of what is there is refused as well: nobody may go on with it.
      await expect(old.append([entry("/a", 1, { kind: "whole" })])).rejects.toBeInstanceOf(JournalFencedError);
      await current.append([entry("/a", 2, { text: "of the new one" })]);
      await expect(old.append([entry("/a", 3)])).rejects.toBeInstanceOf(JournalFencedError);
      expect(seqs(await collect(current.read()))).toEqual([1, 2]);
      await old.close();
      await current.append([entry("/a", 3)]);
      await current.close();
    });
  });
}

export function testClose(make: MakeStore): void {
  describe("close", () => {
    test("waits for what is under way; a second call waits for the first", async () => {
      await using store = await make();
      const journal = await store.open();
      const answered: string[] = [];
      const appends = Array.from({ length: 50 }, (_, seq) => journal.append([entry("/a", seq)]).then(() => answered.push("append")));
      await Promise.all([journal.close(), journal.close()]);
      expect(answered).toHaveLength(50);
      await Promise.all(appends);
      const again = await store.open();
      expect(await collect(again.read())).toHaveLength(50);
      await again.close();
    });

    test("refuses everything after it", async () => {
      await using store = await make();
      const journal = await store.open();
      await journal.append([entry("/a", 1)]);
      const closing = journal.close();
      const late = journal.append([entry("/a", 2)]);
      const error: unknown = await late.catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(JournalError);
      expect(error).toMatchObject({ name: "JournalError", outcome: "not-done" });
      await closing;
      await expect(journal.append([])).rejects.toBeInstanceOf(JournalError);
      await expect(journal.compact()).rejects.toBeInstanceOf(JournalError);
      await expect(journal.image("/a")).rejects.toBeInstanceOf(JournalError);
      await expect(journal.lastSeqs()).rejects.toBeInstanceOf(JournalError);
      await expect(collect(journal.read())).rejects.toBeInstanceOf(JournalError);
      await expect(collect(journal.images())).rejects.toBeInstanceOf(JournalError);
    });
  });
}
