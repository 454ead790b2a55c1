import type { Entry, NewEntry } from "@orgtree/core";
import { describe, expect, test } from "vitest";
import { NatsLink } from "../connection/nats-link.ts";
import { LocalCluster } from "../server/local-cluster.ts";
import { LocalServer } from "../server/local-server.ts";
import { type JetStreamJournal, openJetStreamJournal } from "./jetstream-journal.ts";

function part(seq: number, size = 8): NewEntry {
  return { address: "/a", seq, kind: seq === 0 ? "whole" : "part", data: new Uint8Array(size).fill(seq % 256) };
}

async function everything(journal: JetStreamJournal): Promise<readonly Entry[]> {
  const all: Entry[] = [];
  for await (const entry of journal.read()) all.push(entry);
  return all;
}

/** Appends from several hands until it is told to stop; remembers what was acknowledged. */
class Load {
  readonly acknowledged: { readonly seq: number; readonly hand: number }[] = [];
  readonly errors: unknown[] = [];
  readonly #journal: JetStreamJournal;
  readonly #hands: Promise<void>[];
  #isOver = false;

  constructor(journal: JetStreamJournal, hands = 8) {
    this.#journal = journal;
    this.#hands = Array.from({ length: hands }, (_, hand) => this.#work(hand));
  }

  /** Resolves when so many have been acknowledged. */
  async reaches(count: number): Promise<void> {
    while (this.acknowledged.length < count && this.errors.length === 0) await new Promise((resolve) => setImmediate(resolve));
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#hands);
  }

  async #work(hand: number): Promise<void> {
    for (let seq = 0; !this.#isOver; seq++) {
      try {
        await this.#journal.append([{ ...part(seq), address: `/hand-${hand}` }]);
        this.acknowledged.push({ seq, hand });
      } catch (error) {
        this.errors.push(error);
        return;
      }
    }
  }
}

function expectAllThere(load: Load, all: readonly Entry[]): void {
  const there = new Set(all.map(({ address, seq }) => `${address}#${seq}`));
  expect(there.size).toBe(all.length);
  expect(load.acknowledged.filter(({ hand, seq }) => !there.has(`/hand-${hand}#${seq}`))).toEqual([]);
}

describe("a journal in JetStream", () => {
  test("goes on when its server is killed and comes back: nothing acknowledged is lost, nothing is there twice", async () => {
    await using server = await LocalServer.start();
    await using link = await NatsLink.connect({ servers: server.url, reconnectTimeWait: 20, reconnectJitter: 0 });
    const journal = await openJetStreamJournal(link, { name: "killed" });
    const load = new Load(journal);
    for (let round = 1; round <= 3; round++) {
      await load.reaches(round * 400);
      await server.restart();
    }
    await load.reaches(load.acknowledged.length + 400);
    await load.stop();
    expect(load.errors).toEqual([]);
    expectAllThere(load, await everything(journal));
    await journal.close();
    const again = await openJetStreamJournal(link, { name: "killed" });
    expectAllThere(load, await everything(again));
    await again.close();
  });

  test("keeps appends that are made while the server is away, in their order", async () => {
    await using server = await LocalServer.start();
    await using link = await NatsLink.connect({ servers: server.url, reconnectTimeWait: 20, reconnectJitter: 0 });
    const journal = await openJetStreamJournal(link, { name: "away" });
    await server.kill();
    const appends = Array.from({ length: 50 }, (_, seq) => journal.append([part(seq)]));
    await server.restart();
    await Promise.all(appends);
    expect((await everything(journal)).map(({ seq }) => seq)).toEqual(Array.from({ length: 50 }, (_, seq) => seq));
    await journal.close();
  });

  test("waits with what is read while the server is away", async () => {
    await using server = await LocalServer.start();
    await using link = await NatsLink.connect({ servers: server.url });
    const written = await openJetStreamJournal(link, { name: "reading" });
    await written.append([part(0)]);
    await written.close();
    const journal = await openJetStreamJournal(link, { name: "reading", answerMs: 50 });
    await server.pause();
    const reading = everything(journal);
    reading.catch(() => {});
    // By then it has got no answer from any replica, nor from who leads.
    await expect(link.connection.request("$JS.API.INFO", "", { timeout: 300 })).rejects.toThrow("timeout");
    server.resume();
    expect(await reading).toHaveLength(1);
    await journal.close();
  });

  test("gives up what waits for too long: nothing was stored where nothing was sent, and it can be used again", async () => {
    await using server = await LocalServer.start();
    await using link = await NatsLink.connect({ servers: server.url, reconnectTimeWait: 20, reconnectJitter: 0 });
    const journal = await openJetStreamJournal(link, { name: "patience", outageMs: 100 });
    await journal.append([part(0)]);
    const lost = new Promise<void>((resolve) => link.listen(({ type }) => void (type === "lost" && resolve())));
    await server.kill();
    await lost;
    await expect(journal.append([part(1)])).rejects.toMatchObject({ problem: "unavailable", outcome: "not-done", retryable: true });
    const back = link.whenConnected(5_000);
    await server.restart();
    await back;
    await journal.append([part(1)]);
    expect(await everything(journal)).toHaveLength(2);
    await journal.close();
  });

  test("says that it does not know what became of an append whose answer never came, and knows when it is opened again", async () => {
    await using server = await LocalServer.start();
    await using link = await NatsLink.connect({ servers: server.url });
    const journal = await openJetStreamJournal(link, { name: "unknown", answerMs: 50, outageMs: 150 });
    await journal.append([part(0)]);
    await server.pause();
    const appends = [journal.append([part(1)]), journal.append([part(2)])];
    for (const result of await Promise.allSettled(appends)) {
      expect(result).toMatchObject({
        status: "rejected",
        reason: { name: "JetStreamJournalError", problem: "unavailable", outcome: "unknown" },
      });
    }
    await expect(journal.append([part(1)])).rejects.toMatchObject({ outcome: "not-done" });
    server.resume();
    const again = await openJetStreamJournal(link, { name: "unknown" });
    const before = (await everything(again)).length;
    expect(before).toBeGreaterThanOrEqual(1);
    await again.append([part(1)]);
    await again.append([part(2)]);
    expect((await everything(again)).map(({ seq }) => seq)).toEqual([0, 1, 2]);
    await again.close();
  });

  test("refuses the late writes of whoever had it before, however many were under way", async () => {
    await using server = await LocalServer.start();
    await using first = await NatsLink.connect({ servers: server.url });
    await using second = await NatsLink.connect({ servers: server.url });
    const old = await openJetStreamJournal(first, { name: "late" });
    const load = new Load(old, 32);
    await load.reaches(300);
    const current = await openJetStreamJournal(second, { name: "late" });
    const taken = await everything(current);
    await current.append([{ ...part(0), address: "/new" }]);
    await load.stop();
    expect(load.errors).toHaveLength(32);
    for (const error of load.errors) expect(error).toMatchObject({ name: "JournalFencedError", outcome: "not-done" });
    expectAllThere(load, taken);
    expect(await everything(current)).toHaveLength(taken.length + 1);
    await old.close();
    await current.close();
  });

  test("on three servers waits for the last of them, up to the longest outage, to make its stream", { timeout: 60_000 }, async () => {
    await using cluster = await LocalCluster.start({ size: 2 });
    await using link = await NatsLink.connect({ servers: [...cluster.urls] });
    await expect(openJetStreamJournal(link, { name: "last", replicas: 3, outageMs: 250 })).rejects.toMatchObject({
      message: expect.stringContaining("as many servers as the stream is to have replicas") as string,
      problem: "unavailable",
      retryable: true,
    });
    const opening = openJetStreamJournal(link, { name: "last", replicas: 3 });
    const peers = cluster.servers.map(({ name }) => Number(name.slice("local-".length)));
    await using _third = await LocalServer.start({ cluster: { name: "local", port: -1, peers } });
    const journal = await opening;
    await journal.append([part(0)]);
    expect(await everything(journal)).toHaveLength(1);
    await journal.close();
  });

  test("on three servers goes on when the leader of its stream is killed", { timeout: 30_000 }, async () => {
    await using cluster = await LocalCluster.start();
    await using link = await NatsLink.connect({ servers: [...cluster.urls], reconnectTimeWait: 20, reconnectJitter: 0 });
    const journal = await openJetStreamJournal(link, { name: "three", replicas: 3, answerMs: 1_000 });
    const load = new Load(journal);
    await load.reaches(500);
    const info = await link.connection.request("$JS.API.STREAM.INFO.J_three");
    const { cluster: group } = info.json<{ cluster: { leader: string } }>();
    await cluster.servers.find(({ name }) => name === group.leader)!.kill();
    await load.reaches(load.acknowledged.length + 500);
    await load.stop();
    expect(load.errors).toEqual([]);
    await journal.close();
    const again = await openJetStreamJournal(link, { name: "three", replicas: 3 });
    expectAllThere(load, await everything(again));
    await again.close();
  });
});
