import { randomBytes } from "node:crypto";
import type { Address, NewEntry } from "@orgtree/core";
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
