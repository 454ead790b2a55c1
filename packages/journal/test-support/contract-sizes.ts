import { randomBytes } from "node:crypto";
import { JournalConflictError, type Address, type NewEntry } from "@orgtree/core";
import { describe, expect, test } from "vitest";
import { collect, entry } from "./collect.ts";
import type { MakeStore } from "./journal-contract.ts";

export function testSizes(make: MakeStore): void {
  describe("sizes", () => {
    test("an entry of 10 MB comes back as it was", async () => {
      await using store = await make();
      const journal = await store.open();
      const data = new Uint8Array(randomBytes(10_000_000));
      await journal.append([entry("/a", 1, { kind: "whole", data }), entry("/a", 2)]);
      // It was not taken away from whoever handed it over.
      expect(data.byteLength).toBe(10_000_000);
      const image = await journal.image("/a");
      expect(Buffer.compare(image!.entries[0]!.data, data)).toBe(0);
      await journal.close();
      const again = await store.open();
      expect(Buffer.compare((await again.image("/a"))!.entries[0]!.data, data)).toBe(0);
      await again.close();
    });

    test.each([1_023, 1_024, 8_191, 8_192, 200_000])(
      "content of %d bytes comes back as it was, whatever it is, and counts as stored",
      async (size) => {
        await using store = await make();
        const journal = await store.open();
        const contents = [
          new Uint8Array(size),
          new Uint8Array(randomBytes(size)),
          new Uint8Array(Buffer.alloc(size, "the same again and ")),
        ];
        const entries = contents.map((data, at) => entry("/a", at, { kind: "whole", data }));
        const last = await journal.append(entries);
        expect(await journal.append(entries)).toBe(last);
        expect((await collect(journal.read())).map((one) => Buffer.compare(one.data, contents[one.seq]!))).toEqual([0, 0, 0]);
        for (const { address, seq, data } of entries) {
          const other = Uint8Array.from(data);
          other[size - 1]! ^= 1;
          await expect(journal.append([entry(address, seq, { kind: "whole", data: other })])).rejects.toBeInstanceOf(JournalConflictError);
          await expect(journal.append([entry(address, seq, { data })])).rejects.toBeInstanceOf(JournalConflictError);
        }
        await journal.close();
      },
    );

    test("40,000 small entries of 1,000 addresses", async () => {
      await using store = await make();
      const journal = await store.open();
      const data = new Uint8Array(16);
      const appends: Promise<number>[] = [];
      for (let seq = 0; seq < 40; seq++) {
        for (let tens = 0; tens < 100; tens++) {
          const kind = seq % 20 === 0 ? "whole" : "part";
          const entries = Array.from({ length: 10 }, (_, n): NewEntry => ({ address: addressOf(tens * 10 + n), seq, kind, data }));
          appends.push(journal.append(entries));
        }
      }
      await Promise.all(appends);
      let count = 0;
      let last = 0;
      let isInOrder = true;
      for await (const { position } of journal.read()) {
        count++;
        isInOrder &&= position > last;
        last = position;
      }
      expect({ count, isInOrder }).toEqual({ count: 40_000, isInOrder: true });
      const images = await collect(journal.images());
      expect(images).toHaveLength(1_000);
      expect(images.every(({ entries }) => entries.length === 20)).toBe(true);
      expect((await journal.lastSeqs()).size).toBe(1_000);
      expect(await journal.compact()).toEqual({ removed: 20_000, kept: 20_000 });
      await journal.close();
    });
  });
}

function addressOf(n: number): Address {
  return `/desk-${n % 7}/writer-${n}`;
}
