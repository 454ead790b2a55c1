import { jetstreamManager } from "@nats-io/jetstream";
import type { Entry, NewEntry } from "@orgtree/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { NatsLink } from "../connection/nats-link.ts";
import { LocalServer } from "../server/local-server.ts";
import { type JetStreamJournal, openJetStreamJournal } from "./jetstream-journal.ts";

let server: LocalServer;
let link: NatsLink;

const users = `authorization { users: [
  { user: all, password: all }
  { user: reader, password: reader, permissions: { publish: { deny: ["orgtree.*.j.>"] } } }
  { user: opener, password: opener, permissions: { publish: { deny: ["orgtree.*.j.log"] } } }
  { user: owner, password: owner, permissions: { publish: { allow: [
    "orgtree.owned.j.>", "$JS.API.DIRECT.GET.J_owned", "$JS.API.STREAM.INFO.J_owned", "$JS.API.STREAM.CREATE.J_owned"
    "$JS.API.STREAM.PURGE.J_owned", "$JS.API.STREAM.MSG.GET.J_owned", "$JS.API.STREAM.MSG.DELETE.J_owned"
  ] } } }
  { user: nobody, password: nobody, permissions: { publish: { deny: ["$JS.>"] } } }
] }`;

function connectAs(user: string): Promise<NatsLink> {
  return NatsLink.connect({ servers: server.url, user, pass: user });
}

function entry(seq: number, bytes = 8): NewEntry {
  return { address: "/a", seq, kind: "part", data: new Uint8Array(bytes) };
}

async function collect(journal: JetStreamJournal): Promise<readonly Entry[]> {
  const all: Entry[] = [];
  for await (const one of journal.read()) all.push(one);
  return all;
}

beforeAll(async () => {
  server = await LocalServer.start({ config: users });
  link = await connectAs("all");
});

afterAll(async () => {
  await link?.close();
  await server?.stop();
});

describe("openJetStreamJournal", () => {
  test("refuses a server without JetStream, and says how to start one with it", async () => {
    await using plain = await LocalServer.start({ jetStream: false });
    await using to = await NatsLink.connect({ servers: plain.url });
    const error: unknown = await openJetStreamJournal(to, { name: "none" }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: "JetStreamJournalError", problem: "no-jetstream", retryable: false });
    expect(String(error)).toContain("nats-server -js");
  });

  test.each([
    ["nobody", "$JS.API.STREAM.INFO.J_refused"],
    ["reader", "orgtree.refused.j.opening"],
  ])("names what the user %s may not publish", async (user, subject) => {
    await using to = await connectAs(user);
    const error: unknown = await openJetStreamJournal(to, { name: "refused" }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ problem: "not-permitted", retryable: false });
    expect(String(error)).toContain(subject);
  });

  test("needs no more rights than the README says", async () => {
    await using to = await connectAs("owner");
    for (const round of [0, 1, 2]) {
      const journal = await openJetStreamJournal(to, { name: "owned" });
      await journal.append([{ ...entry(round * 2), kind: "whole" }]);
      await journal.append([{ ...entry(round * 2 + 1, 1_500_000), kind: "whole" }]);
      expect((await journal.image("/a"))?.entries).toHaveLength(1);
      expect((await journal.compact()).kept).toBe(1);
      await journal.close();
    }
  });

  test.each([
    ["old messages go when it is full", { max_bytes: 1_000_000, discard: "old" }, "discard is old"],
    ["messages go with age", { max_age: 60_000_000_000 }, "max_age is set"],
    ["messages go with their number", { max_msgs_per_subject: 5 }, "max_msgs_per_subject is set"],
    ["messages go when they are read", { retention: "workqueue" }, "retention is workqueue"],
    ["it is in memory", { storage: "memory" }, "storage is memory"],
    ["it takes other subjects", { subjects: ["orgtree.wrong.j.log", "orgtree.wrong.j.opening", "other"] }, "it takes other subjects too"],
    ["answers come too early", { persist_mode: "async" }, "persist_mode is async"],
    ["nobody knows which run it is", {}, "its metadata has no orgtree.run"],
  ])("refuses a stream in which entries are lost: %s", async (_, settings, problem) => {
    const manager = await jetstreamManager(link.connection);
    const fit = { subjects: ["orgtree.wrong.j.log", "orgtree.wrong.j.opening"], discard: "new", allow_direct: true };
    await manager.streams.add({ name: "J_wrong", ...fit, ...settings } as never);
    const error: unknown = await openJetStreamJournal(link, { name: "wrong" }).catch((reason: unknown) => reason);
    await manager.streams.delete("J_wrong");
    expect(error).toMatchObject({ problem: "settings" });
    expect(String(error)).toContain(problem);
  });

  test("refuses more replicas than there are servers, and a name that is none", async () => {
    await expect(openJetStreamJournal(link, { name: "three", replicas: 3, outageMs: 200 })).rejects.toMatchObject({
      name: "JetStreamJournalError",
    });
    await expect(openJetStreamJournal(link, { name: "a.b" })).rejects.toMatchObject({ problem: "settings" });
  });
});

describe("append", () => {
  test("is refused when the stream is full, with everything behind it, and goes on when there is room", async () => {
    const journal = await openJetStreamJournal(link, { name: "full", maxBytes: 100_000 });
    await journal.append([{ ...entry(0, 60_000), kind: "whole" }]);
    const appends = [journal.append([entry(1, 60_000)])];
    // In a message of its own, so that it would fit.
    await Promise.resolve();
    appends.push(journal.append([entry(2)]));
    for (const result of await Promise.allSettled(appends)) {
      expect(result).toMatchObject({
        status: "rejected",
        reason: { name: "JetStreamJournalError", problem: "full", outcome: "not-done", retryable: true },
      });
    }
    expect([...(await journal.lastSeqs())]).toEqual([["/a", 0]]);
    await journal.append([{ ...entry(1), kind: "whole" }]);
    expect(await journal.compact()).toEqual({ removed: 1, kept: 1 });
    await journal.append([entry(2, 60_000)]);
    await journal.close();
    const again = await openJetStreamJournal(link, { name: "full" });
    expect([...(await again.lastSeqs())]).toEqual([["/a", 2]]);
    await again.close();
  });

  test("is refused in the middle of a large entry when the stream is full, and leaves nothing that anybody sees", async () => {
    const journal = await openJetStreamJournal(link, { name: "large", maxBytes: 3_000_000 });
    await expect(journal.append([entry(0, 4_000_000)])).rejects.toMatchObject({ problem: "full", outcome: "not-done" });
    await journal.append([entry(0, 100)]);
    await journal.close();
    const again = await openJetStreamJournal(link, { name: "large" });
    expect((await again.compact()).kept).toBe(1);
    await again.append([entry(1, 2_000_000)]);
    await again.close();
  });

  test("is refused when this user may not write, and says where", async () => {
    await using to = await connectAs("opener");
    const journal = await openJetStreamJournal(to, { name: "opened" });
    const error: unknown = await journal.append([entry(1)]).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ problem: "not-permitted", outcome: "not-done" });
    expect(String(error)).toContain("orgtree.opened.j.log");
    await journal.close();
  });

  test("is refused when more waits than the journal takes", async () => {
    const journal = await openJetStreamJournal(link, { name: "bounded", maxWaitingBytes: 1_000 });
    const first = journal.append([entry(1, 2_000)]);
    await expect(journal.append([entry(2, 10)])).rejects.toMatchObject({ name: "JournalFullError", failureClass: "overload" });
    await first;
    await journal.append([entry(2, 10)]);
    await journal.close();
  });

  test("notices that somebody else writes to its stream", async () => {
    const journal = await openJetStreamJournal(link, { name: "foreign" });
    await link.connection.request("orgtree.foreign.j.log", "hello");
    await expect(journal.append([entry(1)])).rejects.toMatchObject({ problem: "settings", outcome: "unknown" });
    await journal.close();
    await expect(openJetStreamJournal(link, { name: "foreign" })).rejects.toMatchObject({ name: "JournalDamagedError" });
  });
});

describe("compact", () => {
  test("frees the stream of what nobody needs, though one entry of each record is still needed", async () => {
    const journal = await openJetStreamJournal(link, { name: "sparse" });
    const data = new Uint8Array(1_000);
    for (let round = 0; round < 20; round++) {
      const idle: NewEntry = { address: `/idle-${round}`, seq: 0, kind: "whole", data };
      const busy = Array.from({ length: 10 }, (_, n): NewEntry => ({ address: `/busy-${n}`, seq: round, kind: "whole", data }));
      await journal.append([idle, ...busy]);
    }
    expect(await journal.compact()).toEqual({ removed: 190, kept: 30 });
    const info = await (await jetstreamManager(link.connection)).streams.info("J_sparse");
    expect(info.state.bytes).toBeLessThan(60_000);
    expect(info.state.messages).toBeLessThanOrEqual(5);
    const before = await collect(journal);
    expect(before).toHaveLength(30);
    await journal.close();
    const again = await openJetStreamJournal(link, { name: "sparse" });
    expect(await collect(again)).toEqual(before);
    expect(await again.compact()).toEqual({ removed: 0, kept: 30 });
    await again.close();
  });
});
