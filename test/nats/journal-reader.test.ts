/** Who only looks at a journal in JetStream, beside its writer. */
import type { Entry, NewEntry } from "@orgtree/core";
import { NatsLink, openJetStreamJournal, openJetStreamReader } from "@orgtree/nats";
import { LocalServer } from "@orgtree/nats/server";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

let server: LocalServer;
let link: NatsLink;
beforeAll(async () => {
  server = await LocalServer.start();
  link = await NatsLink.connect({ servers: server.url });
});
afterAll(async () => {
  await link?.close();
  await server?.stop();
});

const entry = (seq: number, bytes = 3): NewEntry => ({ address: "/a", seq, kind: "whole", data: new Uint8Array(bytes).fill(seq) });

async function all(entries: AsyncIterable<Entry>): Promise<readonly number[]> {
  const seqs: number[] = [];
  for await (const { seq, data } of entries) {
    expect(new Set(data)).toEqual(new Set([seq]));
    seqs.push(seq);
  }
  return seqs;
}

describe("openJetStreamReader", () => {
  test("shows what was stored when it was opened, and its writer does not notice", async () => {
    const writer = await openJetStreamJournal(link, { name: "beside" });
    // The last one takes several messages.
    await writer.append([entry(1), entry(2), entry(3, 3_000_000)]);
    const reader = (await openJetStreamReader(link, { name: "beside" }))!;
    await writer.append([entry(4)]);
    expect(reader.run).toBe(writer.run);
    expect(await all(reader.read())).toEqual([1, 2, 3]);
    expect(await reader.lastSeqs()).toEqual(new Map([["/a", 3]]));
    expect((await reader.image("/a"))?.entries.map(({ seq }) => seq)).toEqual([3]);
    expect((await reader.image("/a", 2))?.entries.map(({ seq }) => seq)).toEqual([2]);
    expect(await reader.horizon()).toBe(0);
    expect(await all(writer.read())).toEqual([1, 2, 3, 4]);
    await writer.close();
  });

  test("says what to do where a compaction removes what is read", async () => {
    const writer = await openJetStreamJournal(link, { name: "compacted" });
    for (let seq = 1; seq <= 5; seq++) await writer.append([entry(seq)]);
    const reader = (await openJetStreamReader(link, { name: "compacted" }))!;
    await writer.compact();
    await expect(all(reader.read())).rejects.toMatchObject({
      name: "JournalError",
      retryable: true,
      message: expect.stringContaining("read it again") as unknown,
    });
    expect(await all((await openJetStreamReader(link, { name: "compacted" }))!.read())).toEqual([5]);
    await writer.close();
  });

  test("makes nothing where nothing is", async () => {
    expect(await openJetStreamReader(link, { name: "nothing" })).toBeUndefined();
    await openJetStreamJournal(link, { name: "empty" }).then((writer) => writer.close());
    expect(await all((await openJetStreamReader(link, { name: "empty" }))!.read())).toEqual([]);
  });
});
