/** Partitions: what is submitted to their desks, and how another process goes on with it. */
import { MemoryNetwork, type MemoryWire, WireTransport } from "@orgtree/cluster";
import { type Endpoint, JournalError } from "@orgtree/core";
import { MemoryFile, MemoryJournal } from "@orgtree/journal";
import { type Catalog, ClusterClient, deskEndpoint, type Job, type JobRequest, Partition, type RunNewsPage } from "@orgtree/node";
import { createActorSystem, VirtualClock } from "@orgtree/runtime";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { counter, runnableLookout } from "../support/lookout.ts";
import { seededRandom, silent } from "./post.ts";

let clock: VirtualClock;
let network: MemoryNetwork;
let files: Map<Endpoint, MemoryFile>;
let count: number;
/** Calls of the tool: each waits until it is let go. */
let marks: string;
let calls: { readonly key: string; readonly let: () => void }[];

beforeEach(() => {
  clock = new VirtualClock();
  network = new MemoryNetwork({ clock });
  files = new Map();
  count = 0;
  calls = [];
  marks = mkdtempSync(join(tmpdir(), "orgtree-marks-"));
  onTestFinished(() => rmSync(marks, { recursive: true }));
});

const look = (key: string): Promise<string> => new Promise((resolve) => calls.push({ key, let: () => resolve("the sea is calm") }));
const catalog: Catalog = { organizations: { lookout: runnableLookout(look, 2) }, actors: { counter } };

const endpointOf = (address: string): Endpoint => deskEndpoint(address as `/${string}`) ?? "main-0";

function transportAt(endpoint: Endpoint, wire: MemoryWire, epoch: number): WireTransport {
  const random = seededRandom(++count);
  return new WireTransport({ wire, clock, random, logger: silent, endpoint, endpointOf, outlives: (at) => at.startsWith("main"), epoch });
}

/** A process begins to host the partition `main-0`, whoever did before. */
async function host(Store = MemoryJournal): Promise<{ readonly partition: Partition; readonly wire: MemoryWire }> {
  const file = files.get("main-0") ?? new MemoryFile();
  files.set("main-0", file);
  const journal = new Store(file);
  const wire = network.connect(`node ${++count}`);
  const transport = transportAt("main-0", wire, journal.epoch);
  const random = seededRandom(++count);
  const beginning = Partition.begin({
    endpoint: "main-0",
    journal,
    transport,
    catalog,
    clock,
    random,
    logger: silent,
    marks,
    process: `process ${count}`,
  });
  return { partition: await settled(beginning), wire };
}

/** Somebody who hosts nothing. */
async function client(): Promise<ClusterClient> {
  const transport = transportAt(`client-${++count}`, network.connect(`client ${count}`), 0);
  const system = createActorSystem({ clock, transport });
  await clock.settle();
  return new ClusterClient({ system, clock, endpoints: ["main-0"], endpointOf });
}

async function settled<T>(promise: Promise<T>): Promise<T> {
  const state = { isOver: false };
  const over = (): void => void (state.isOver = true);
  promise.then(over, over);
  for (let steps = 0; !state.isOver && steps < 400; steps++) await clock.advance(50);
  if (!state.isOver) throw new Error("it did not settle within 20 s");
  return promise;
}

const get = async (from: ClusterClient, id: string): Promise<Job> => (await settled(from.get(id)))!;

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let steps = 0; steps < 400; steps++) {
    if (await holds()) return;
    await clock.advance(50);
  }
  throw new Error("it did not come to that within 20 s");
}

const run: JobRequest = { id: "r1", kind: "run", what: "lookout", input: { task: "How is the sea?" } };

describe("a partition", () => {
  test("that cannot begin, since another process has taken it, leaves nothing that listens", async () => {
    const file = new MemoryFile();
    const journal = new MemoryJournal(file);
    void new MemoryJournal(file).epoch;
    const transport = transportAt("main-0", network.connect("late"), journal.epoch);
    const parts = {
      endpoint: "main-0",
      journal,
      transport,
      catalog,
      clock,
      random: seededRandom(1),
      logger: silent,
      marks,
      process: "late",
    };
    await expect(settled(Partition.begin(parts))).rejects.toThrow("another process has opened it");
    const outcomes: unknown[] = [];
    transport.send("main-1", 1, { ended: (outcome) => void outcomes.push(outcome) });
    expect(outcomes).toEqual([{ type: "unreachable", problem: "this system was closed" }]);
  });
});

describe("a run that is submitted", () => {
  test("is done, and its result is kept", async () => {
    await host();
    const from = await client();
    expect(await settled(from.submit(run))).toMatchObject({ isNew: true, job: { id: "r1", status: "running" } });
    for (const at of [0, 1]) {
      await until(() => calls.length > at);
      calls[at]!.let();
    }
    await until(async () => (await get(from, "r1")).status !== "running");
    expect(await get(from, "r1")).toMatchObject({ status: "done", output: { output: "The sea is calm." } });
  });

  test("goes on in another process when its own is gone, and repeats nothing that has a result", async () => {
    const first = await host();
    const from = await client();
    await settled(from.submit(run));
    await until(() => calls.length === 1);
    calls[0]!.let();
    await until(() => calls.length === 2);
    first.wire.cut();
    const second = await host();
    await until(() => calls.length === 3);
    expect(calls[2]!.key).toBe(calls[1]!.key);
    calls[2]!.let();
    await until(async () => (await get(from, "r1")).status !== "running");
    expect(await get(from, "r1")).toMatchObject({ status: "done", output: { output: "The sea is calm." } });
    expect([second.partition.runs, calls.length]).toEqual([[], 3]);
    expect((await settled(from.list())).map(({ id }) => id)).toEqual(["r1"]);
  });

  test("is handed over in order, and nobody hears of an end", async () => {
    const first = await host();
    const from = await client();
    await settled(from.submit(run));
    await until(() => calls.length === 1);
    await settled(first.partition.end());
    await host();
    await until(() => calls.length === 2);
    expect(await get(from, "r1")).toMatchObject({ status: "running" });
  });

  test("finishes its turn before it is handed over, also where that has to be stored once more", async () => {
    let failures = 0;
    class ShakyJournal extends MemoryJournal {
      override append(...entries: Parameters<MemoryJournal["append"]>): Promise<number> {
        if (failures-- > 0) return Promise.reject(new JournalError("main-0", "its servers do not answer", { retryable: true }));
        return super.append(...entries);
      }
    }
    const first = await host(ShakyJournal);
    const from = await client();
    await settled(from.submit(run));
    await until(() => calls.length === 1);
    failures = 2;
    calls[0]!.let();
    await clock.settle();
    expect(failures).toBe(1);
    await settled(first.partition.end());
    await host();
    await until(() => calls.length === 2);
    expect(calls[1]!.key).not.toBe(calls[0]!.key);
  });

  test("has not failed when its journal is out of reach", async () => {
    let isAway = false;
    class AwayJournal extends MemoryJournal {
      override async image(...query: Parameters<MemoryJournal["image"]>): ReturnType<MemoryJournal["image"]> {
        if (isAway) throw new JournalError("main-0", "its servers do not answer", { retryable: true });
        return super.image(...query);
      }
    }
    await host(AwayJournal);
    const from = await client();
    isAway = true;
    await settled(from.submit(run));
    await clock.advance(10_000);
    expect(await get(from, "r1")).toMatchObject({ status: "running" });
    isAway = false;
    await until(() => calls.length === 1);
  });

  test("does not keep its node for ever when its turn cannot be stored", async () => {
    let isLost = false;
    class LostJournal extends MemoryJournal {
      override append(...entries: Parameters<MemoryJournal["append"]>): Promise<number> {
        if (isLost) return Promise.reject(new JournalError("main-0", "its servers do not answer", { retryable: true }));
        return super.append(...entries);
      }
    }
    const first = await host(LostJournal);
    const from = await client();
    await settled(from.submit(run));
    await until(() => calls.length === 1);
    isLost = true;
    calls[0]!.let();
    await clock.settle();
    await settled(first.partition.end());
    await host();
    await until(() => calls.length === 2);
    expect(calls[1]!.key).toBe(calls[0]!.key);
  });

  test("twice under one id is one run; another under the same id is refused", async () => {
    await host();
    const from = await client();
    await settled(from.submit(run));
    expect(await settled(from.submit(run))).toMatchObject({ isNew: false });
    await expect(settled(from.submit({ ...run, input: { task: "Another." } }))).rejects.toMatchObject({ name: "JobConflictError" });
    await until(() => calls.length === 1);
  });

  test("is cancelled, also over a change of the process", async () => {
    const first = await host();
    const from = await client();
    await settled(from.submit(run));
    await until(() => calls.length === 1);
    await settled(from.cancel("r1"));
    first.wire.cut();
    await host();
    await until(async () => (await get(from, "r1")).status !== "running");
    expect((await get(from, "r1")).status).toBe("cancelled");
  });

  test("that no node knows has failed by name", async () => {
    await host();
    const from = await client();
    await settled(from.submit({ ...run, what: "lookup" }));
    await until(async () => (await get(from, "r1")).status !== "running");
    expect((await get(from, "r1")).failure).toMatchObject({
      name: "UnknownWorkloadError",
      message: 'no organization is called "lookup"; this node knows lookout',
    });
  });
});

describe("an actor that is submitted", () => {
  test("lives at its id until it ends, in whichever process", async () => {
    const first = await host();
    const from = await client();
    await settled(from.submit({ id: "counter-1", kind: "actor", what: "counter", input: 10 }));
    await clock.advance(200);
    from.system.tell("/counter-1", 5);
    await clock.advance(200);
    first.wire.cut();
    await host();
    await clock.advance(7_000);
    from.system.tell("/counter-1", 2);
    expect(await settled(from.system.ask("/counter-1", "get"))).toBe(17);
    from.system.tell("/counter-1", "end");
    await until(async () => (await get(from, "counter-1")).status !== "running");
    expect(await get(from, "counter-1")).toMatchObject({ status: "done", output: 17 });
  });
});

describe("an actor that is cancelled", () => {
  test("is stopped, and who waits for its news hears that it is over", async () => {
    const { partition } = await host();
    const from = await client();
    await settled(from.submit({ id: "counter-1", kind: "actor", what: "counter", input: 10 }));
    await clock.advance(200);
    const waiting = partition.news("counter-1", { after: 0, limit: 10, waitMs: 3_600_000 });
    await settled(from.cancel("counter-1"));
    expect(await settled(waiting)).toEqual({ news: [], isOver: true });
    await until(async () => (await get(from, "counter-1")).status !== "running");
    expect((await get(from, "counter-1")).status).toBe("cancelled");
  });
});

describe("who asks for news", () => {
  test("hears of what happens while it is still read what there is", async () => {
    let reading = Promise.withResolvers<void>();
    let gate: Promise<void> = Promise.resolve();
    class SlowJournal extends MemoryJournal {
      override async *read(...query: Parameters<MemoryJournal["read"]>): ReturnType<MemoryJournal["read"]> {
        reading.resolve();
        await gate;
        yield* super.read(...query);
      }
    }
    const { partition } = await host(SlowJournal);
    const from = await client();
    await settled(from.submit({ id: "counter-1", kind: "actor", what: "counter", input: 10 }));
    await clock.advance(200);
    const held = Promise.withResolvers<void>();
    [reading, gate] = [Promise.withResolvers(), held.promise];
    const waiting = partition.news("counter-1", { after: 0, limit: 10, waitMs: 3_600_000 });
    await reading.promise;
    from.system.tell("/counter-1", "end");
    await until(() => partition.system.tree().children.every(({ address }) => address !== "/counter-1"));
    held.resolve();
    expect(await settled(waiting)).toEqual({ news: [], isOver: true });
  });
});

describe("the story of a run", () => {
  test("is told from any position on, to who waits for it, and over a change of the process", async () => {
    const first = await host();
    const from = await client();
    await settled(from.submit(run));
    await until(() => calls.length === 1);
    const read = (partition: Partition, after: number, waitMs = 0): Promise<RunNewsPage> =>
      settled(partition.news("r1", { after, limit: 100, waitMs }));
    const begun = await read(first.partition, 0);
    expect(begun.news[0]).toMatchObject({ process: expect.stringMatching("process") as string });
    const at = begun.news.at(-1)!.position;
    expect([begun.isOver, begun.news.flatMap(({ entries }) => entries.map(({ kind }) => kind))]).toEqual([false, ["model"]]);
    const waiting = first.partition.news("r1", { after: at, limit: 100, waitMs: 60_000 });
    calls[0]!.let();
    const next = await settled(waiting);
    expect(next.news.flatMap(({ entries }) => entries.map(({ kind }) => kind))[0]).toBe("tool");
    await until(() => calls.length === 2);
    first.wire.cut();
    const second = await host();
    await until(() => calls.length === 3);
    calls[2]!.let();
    await until(async () => (await get(from, "r1")).status !== "running");
    const rest = await read(second.partition, at);
    expect(rest.isOver).toBe(true);
    expect(rest.news.flatMap(({ entries }) => entries.map(({ kind }) => kind))).toEqual(["tool", "model", "tool", "alarm", "model"]);
  });
});
