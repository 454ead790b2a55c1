/** Partitions: what is submitted to their desks, and how another process goes on with it. */
import { MemoryNetwork, type MemoryWire, WireTransport } from "@orgtree/cluster";
import type { Endpoint } from "@orgtree/core";
import { MemoryFile, MemoryJournal } from "@orgtree/journal";
import { type Catalog, ClusterClient, deskEndpoint, type Job, type JobRequest, Partition, type RunNewsPage } from "@orgtree/node";
import { createActorSystem, plain, VirtualClock } from "@orgtree/runtime";
import { agent, callTool, organization, scriptedModel } from "orgtree";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
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

const look = {
  name: "look",
  description: "Looks.",
  kind: "idempotent",
  parameters: { type: "object", properties: {}, additionalProperties: false },
  run: (_input: unknown, { key }: { readonly key: string }) =>
    new Promise<string>((resolve) => calls.push({ key, let: () => resolve("the sea is calm") })),
} as const;

const catalog: Catalog = {
  organizations: {
    lookout: {
      organization: organization({
        name: "lookout",
        tools: () => [look],
        agents: { sailor: agent({ purpose: "Say how the sea is.", tools: ["look"] }) },
      }) as never,
      model: () => scriptedModel([callTool("look", {}), callTool("look", {}), "The sea is calm."]),
    },
  },
  actors: {
    counter: (start) => ({
      logic: plain<number, number | "get" | "end">({
        init: () => start as number,
        receive(sum, message, turn) {
          if (message === "get") turn.reply(sum);
          if (message === "end") turn.exit({ kind: "normal", output: sum });
          return typeof message === "number" ? sum + message : sum;
        },
      }),
    }),
  },
};

const endpointOf = (address: string): Endpoint => deskEndpoint(address as `/${string}`) ?? "main-0";

function transportAt(endpoint: Endpoint, wire: MemoryWire, epoch: number): WireTransport {
  const random = seededRandom(++count);
  return new WireTransport({ wire, clock, random, logger: silent, endpoint, endpointOf, outlives: (at) => at.startsWith("main"), epoch });
}

/** A process begins to host the partition `main-0`, whoever did before. */
async function host(): Promise<{ readonly partition: Partition; readonly wire: MemoryWire }> {
  const file = files.get("main-0") ?? new MemoryFile();
  files.set("main-0", file);
  const journal = new MemoryJournal(file);
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
