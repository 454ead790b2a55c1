// oxlint-disable max-lines-per-function -- a suite of tests, as in *.test.ts
import type { Address, Journal } from "@orgtree/core";
import { describe, expect, test } from "vitest";
import { collect, entry, seqs, show, showImages } from "./collect.ts";
import type { MakeStore } from "./journal-contract.ts";

export function testReading(make: MakeStore): void {
  describe("images", () => {
    test("are the newest whole and the parts behind it, of each actor", async () => {
      await using store = await make();
      const journal = await store.open();
      await journal.append([entry("/a", 1, { kind: "whole" }), entry("/b", 1, { kind: "whole" })]);
      await journal.append([entry("/a", 2), entry("/a", 3, { kind: "whole" }), entry("/b", 2)]);
      await journal.append([entry("/a", 4), entry("/a", 6)]);
      expect(showImages(await collect(journal.images()))).toEqual({
        "/a": ["/a#3 whole /a#3", "/a#4 part /a#4", "/a#6 part /a#6"],
        "/b": ["/b#1 whole /b#1", "/b#2 part /b#2"],
      });
      expect(seqs((await journal.image("/a"))?.entries)).toEqual([3, 4, 6]);
      expect(await journal.image("/c")).toBeUndefined();
      await journal.close();
    });

    test("are those of the past for a position", async () => {
      await using store = await make();
      const journal = await store.open();
      const positions: number[] = [];
      for (const one of [
        entry("/a", 1, { kind: "whole" }),
        entry("/a", 2),
        entry("/b", 1, { kind: "whole" }),
        entry("/a", 3, { kind: "end" }),
        entry("/a", 4, { kind: "whole" }),
      ]) {
        positions.push(await journal.append([one]));
      }
      const past = await Promise.all(positions.map(async (at) => showImages(await collect(journal.images(at)))));
      expect(past.map((images) => Object.keys(images))).toEqual([["/a"], ["/a"], ["/a", "/b"], ["/b"], ["/a", "/b"]]);
      expect(seqs((await journal.image("/a", positions[1]))?.entries)).toEqual([1, 2]);
      expect(await journal.image("/a", positions[3])).toBeUndefined();
      expect(seqs((await journal.image("/a", positions[4]))?.entries)).toEqual([4]);
      expect(await collect(journal.images(0))).toEqual([]);
      await journal.close();
    });

    test("leave out whoever has ended, until a later whole", async () => {
      await using store = await make();
      const journal = await store.open();
      await journal.append([entry("/a", 1, { kind: "whole" }), entry("/a", 2, { kind: "end" })]);
      expect(await collect(journal.images())).toEqual([]);
      await journal.append([entry("/a", 3)]);
      expect(await journal.image("/a")).toBeUndefined();
      await journal.append([entry("/a", 4, { kind: "whole" })]);
      expect(seqs((await journal.image("/a"))?.entries)).toEqual([4]);
      await journal.close();
    });

    test("leave out parts without a whole", async () => {
      await using store = await make();
      const journal = await store.open();
      await journal.append([entry("/a", 1), entry("/a", 2)]);
      expect(await collect(journal.images())).toEqual([]);
      await journal.close();
    });

    test("are those of one moment, while more is stored and removed", async () => {
      await using store = await make();
      const journal = await store.open();
      const addresses = Array.from({ length: 20 }, (_, n): Address => `/a-${n}`);
      await journal.append(addresses.flatMap((address) => [entry(address, 1, { kind: "whole" }), entry(address, 2)]));
      const seen: string[] = [];
      for await (const image of journal.images()) {
        seen.push(image.entries.map(({ seq }) => seq).join());
        if (seen.length > 1) continue;
        await journal.append(addresses.map((address) => entry(address, 3, { kind: "whole" })));
        await journal.compact();
      }
      expect(seen).toEqual(addresses.map(() => "1,2"));
      await journal.close();
    });

    test("refuse a position that is none", async () => {
      await using store = await make();
      const journal = await store.open();
      await expect(collect(journal.images(-1))).rejects.toThrow("-1 is no position");
      await expect(journal.image("/a", 1.5)).rejects.toThrow("1.5 is no position");
      await journal.close();
    });
  });

  describe("read", () => {
    async function written(journal: Journal): Promise<number[]> {
      const positions: number[] = [];
      for (const one of [
        entry("/desk", 1, { kind: "whole" }),
        entry("/desk/writer", 1, { kind: "whole", mark: "draft" }),
        entry("/desk-2", 1, { kind: "whole", mark: "draft" }),
        entry("/desk/writer", 2),
        entry("/desk/writer/aid", 7, { kind: "whole" }),
        entry("/desk", 2, { mark: "done" }),
        entry("/desk/writer", 3, { mark: "draft" }),
      ]) {
        positions.push(await journal.append([one]));
      }
      return positions;
    }

    test("gives everything in the order of positions", async () => {
      await using store = await make();
      const journal = await store.open();
      const positions = await written(journal);
      expect((await collect(journal.read())).map(({ position }) => position)).toEqual(positions);
      expect(await collect(journal.read({ address: "/nobody" }))).toEqual([]);
      await journal.close();
    });

    test("gives what was asked for: address, subtree, numbers, positions, mark, and all of them together", async () => {
      await using store = await make();
      const journal = await store.open();
      const at = await written(journal);
      const read = async (query: Parameters<Journal["read"]>[0]): Promise<string[]> =>
        (await collect(journal.read(query))).map(({ address, seq }) => `${address}#${seq}`);
      expect(await read({ address: "/desk" })).toEqual(["/desk#1", "/desk#2"]);
      expect(await read({ within: "/desk/writer" })).toEqual(["/desk/writer#1", "/desk/writer#2", "/desk/writer/aid#7", "/desk/writer#3"]);
      expect(await read({ within: "/desk" })).not.toContain("/desk-2#1");
      expect(await read({ within: "/" })).toHaveLength(7);
      expect(await read({ fromSeq: 2, toSeq: 3 })).toEqual(["/desk/writer#2", "/desk#2", "/desk/writer#3"]);
      expect(await read({ after: at[0], upTo: at[2] })).toEqual(["/desk/writer#1", "/desk-2#1"]);
      expect(await read({ mark: "draft" })).toEqual(["/desk/writer#1", "/desk-2#1", "/desk/writer#3"]);
      expect(await read({ within: "/desk", mark: "draft", after: at[1] })).toEqual(["/desk/writer#3"]);
      expect(await read({ address: "/desk/writer", fromSeq: 2, after: at[0], upTo: at[5] })).toEqual(["/desk/writer#2"]);
      expect(await read({ address: "/desk", within: "/desk/writer" })).toEqual([]);
      await journal.close();
    });

    test("ends at what was there when it began", async () => {
      await using store = await make();
      const journal = await store.open();
      await journal.append([entry("/a", 1), entry("/a", 2)]);
      const seen: string[] = [];
      for await (const one of journal.read()) {
        seen.push(show(one));
        await journal.append([entry("/a", 10 + seen.length)]);
      }
      expect(seen).toHaveLength(2);
      await journal.close();
    });
  });

  describe("lastSeqs", () => {
    test("are the greatest numbers that were ever there, of those who ended too", async () => {
      await using store = await make();
      const journal = await store.open();
      expect(await journal.lastSeqs()).toEqual(new Map());
      await journal.append([
        entry("/a", 3, { kind: "whole" }),
        entry("/b", 0, { kind: "whole" }),
        entry("/a", 9),
        entry("/b", 1, { kind: "end" }),
      ]);
      expect(await journal.lastSeqs()).toEqual(
        new Map([
          ["/a", 9],
          ["/b", 1],
        ]),
      );
      await journal.close();
    });
  });
}
