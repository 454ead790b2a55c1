/** Those who look after a cluster ask its nodes, on a real server. */
import type { Address } from "@orgtree/core";
import { NatsLink } from "@orgtree/nats";
import { LocalServer } from "@orgtree/nats/server";
import { askNodes, type Catalog, ClusterNode, type ConnectedCluster, openCluster } from "@orgtree/node";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { silent } from "../cluster/post.ts";
import { counter, messenger, runnableLookout } from "../support/lookout.ts";
import { TcpProxy } from "../support/tcp-proxy.ts";

let server: LocalServer;
let made = 0;
let stack: AsyncDisposableStack;
/** The tool of the run waits until it is let go. */
let gate: PromiseWithResolvers<string>;
let called: PromiseWithResolvers<void>;

beforeAll(async () => {
  server = await LocalServer.start();
});
afterAll(async () => {
  await server?.stop();
});
beforeEach(() => {
  stack = new AsyncDisposableStack();
  made++;
  gate = Promise.withResolvers();
  called = Promise.withResolvers();
});
afterEach(() => stack.disposeAsync());

const partitions = { main: 2 };

function catalog(): Catalog {
  const look = (): Promise<string> => {
    called.resolve();
    return gate.promise;
  };
  return { organizations: { lookout: runnableLookout(look, 1) }, actors: { counter, messenger } };
}

async function start(name: string, servers = server.url): Promise<ClusterNode> {
  const link = stack.use(await NatsLink.connect({ servers, reconnectTimeWait: 20, reconnectJitter: 5 }));
  const parts = { link, namespace: `look-${made}`, name, version: "1.2.3", catalog: catalog(), partitions, logger: silent };
  const channels = { retryMs: 20, pingMs: 200, lostMs: 500, graceMs: 200 };
  const node = await ClusterNode.start({ ...parts, channels, ownership: { leaseMs: 2_000, drainMs: 5_000 } });
  stack.defer(() => node.close());
  return node;
}

/** Resolves when a node hosts so many partitions. */
function hosting(node: ClusterNode, wanted: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const look = (): void => {
    if (node.partitions.size === wanted) resolve();
  };
  node.listen(look);
  look();
  return promise;
}

async function open(): Promise<ConnectedCluster> {
  return stack.use(await openCluster({ connect: { servers: server.url }, namespace: `look-${made}`, answerMs: 5_000, logger: silent }));
}

async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
  }
}

describe("a cluster that is looked at", () => {
  test("shows who takes part, and who lives where", async () => {
    const node = await start("one");
    await hosting(node, 2);
    const cluster = await open();
    const id = node.ownership.node;
    expect(cluster.view.partitions).toEqual(partitions);
    expect(cluster.view.nodes).toMatchObject([{ id, state: "live", version: "1.2.3", pid: process.pid, partitions: ["main-0", "main-1"] }]);
    await cluster.jobs.submit({ id: "c1", kind: "actor", what: "counter", input: undefined });
    await cluster.jobs.submit({ id: "r1", kind: "run", what: "lookout", input: { task: "How is the sea?" } });
    await called.promise;
    const { rows, total } = await cluster.nodes.tree(id, { limit: 100 });
    expect(total).toBe(4);
    expect(rows.map(({ run, address }) => `${run ?? "-"} ${address}`).sort()).toEqual([
      "- /c1",
      "r1 /lookout",
      "r1 /lookout/lead",
      "r1 /lookout/sailor",
    ]);
    const sailor = rows.find(({ address }) => address === "/lookout/sailor")!;
    expect(sailor).toMatchObject({ status: "running", mailbox: 0, restarts: 0, spent: { turns: 1 } });
    expect(sailor.quietMs).toBeGreaterThanOrEqual(0);
    expect((await cluster.nodes.tree(id, { job: "c1", limit: 100 })).rows).toMatchObject([{ address: "/c1" }]);
    gate.resolve("calm");
  });

  test("is looked at without a turn of its desks", async () => {
    const node = await start("one");
    await hosting(node, 2);
    const cluster = await open();
    await cluster.jobs.submit({ id: "c1", kind: "actor", what: "counter", input: 3 });
    const { endpoint, journal } = await until(() => cluster.past("c1"));
    const desk: Address = `/desk-${endpoint}`;
    const before = (await journal.lastSeqs()).get(desk);
    for (let n = 0; n < 5; n++) expect(await cluster.jobs.get("c1")).toMatchObject({ id: "c1", status: "running", input: 3 });
    expect(await cluster.jobs.get("nobody")).toBeUndefined();
    expect((await cluster.jobs.list()).map(({ id }) => id)).toEqual(["c1"]);
    expect(await cluster.jobs.isReachable(2_000)).toBe(true);
    expect((await (await cluster.past("c1"))!.journal.lastSeqs()).get(desk)).toBe(before);
    // What does not fit into a message comes by way of the desk.
    await cluster.jobs.submit({ id: "c2", kind: "actor", what: "counter", input: "x".repeat(1_100_000) });
    expect((await cluster.jobs.get("c2"))?.input).toHaveLength(1_100_000);
  });

  test("names the nodes that do not answer", async () => {
    const node = await start("one");
    const cluster = await open();
    const { answers, silent: unheard } = await askNodes([node.ownership.node, "two-gone"], (id) => cluster.nodes.letters(id, 10));
    expect(answers).toEqual([{ node: node.ownership.node, answer: { counts: {}, letters: [] } }]);
    expect(unheard).toMatchObject([{ node: "two-gone", problem: expect.stringContaining("nobody answers") as unknown }]);
  });

  test("keeps what was lost, and sends it again", async () => {
    const node = await start("one");
    await hosting(node, 2);
    const cluster = await open();
    const id = node.ownership.node;
    await cluster.jobs.submit({ id: "m1", kind: "actor", what: "messenger", input: undefined });
    const lost = Promise.withResolvers<void>();
    for (const { system } of node.partitions.values()) system.observe(({ type }) => type === "dead-letter" && lost.resolve());
    cluster.jobs.system.tell("/m1", { to: "/c1", message: 7 });
    await lost.promise;
    const { counts, letters } = await cluster.nodes.letters(id, 10);
    expect(Object.values(counts)).toEqual([1]);
    expect(letters).toMatchObject([{ id: "1", to: "/c1", from: "/m1", message: "7", isQuestion: false }]);
    expect(await cluster.nodes.letter(id, "1")).toMatchObject({ id: "1", message: "7" });
    expect(await cluster.nodes.retry(id, "1")).toMatchObject({ outcome: "lost" });
    await cluster.jobs.submit({ id: "c1", kind: "actor", what: "counter", input: undefined });
    // It is submitted when it is stored, and starts a moment later.
    while ((await cluster.nodes.tree(id, { job: "c1", limit: 1 })).total === 0);
    expect(await cluster.nodes.retry(id, "1")).toEqual({ outcome: "sent" });
    expect(await cluster.jobs.system.ask("/c1", "get")).toBe(7);
    await expect(cluster.nodes.retry(id, "9")).rejects.toMatchObject({ name: "UnknownLetterError" });
  });

  test("has its nodes found as micro services", async () => {
    const node = await start("one");
    const { connection } = stack.use(await NatsLink.connect({ servers: server.url }));
    const info = (await connection.request(`$SRV.INFO.orgtree.${node.ownership.node}`)).json<{ readonly endpoints: readonly object[] }>();
    expect(info).toMatchObject({ name: "orgtree", version: "1.2.3", metadata: { namespace: `look-${made}`, name: "one" } });
    expect(info.endpoints).toContainEqual(
      expect.objectContaining({ name: "tree", subject: `orgtree.look-${made}.node.${node.ownership.node}.tree` }),
    );
    await node.close();
    await expect(connection.request(`$SRV.PING.orgtree.${node.ownership.node}`)).rejects.toThrow(/no responders/);
  });

  test("is answered by a node that was found dead, when it has joined again", async () => {
    const proxy = stack.use(await TcpProxy.start({ host: "127.0.0.1", port: server.port }));
    const [one, two] = [await start("one", `127.0.0.1:${proxy.port}`), await start("two")];
    await Promise.all([hosting(one, 1), hosting(two, 1)]);
    const [before, cluster] = [one.ownership.node, await open()];
    const dead = Promise.withResolvers<void>();
    two.listen(({ type }) => type === "buries" && dead.resolve());
    const again = Promise.withResolvers<string>();
    one.listen((event) => event.type === "joined" && again.resolve(event.node));
    proxy.cut();
    await dead.promise;
    proxy.mend();
    const now = await again.promise;
    expect(now).not.toBe(before);
    for (let answered = false; !answered;) {
      const { answers, silent: unheard } = await askNodes([before, now], (id) => cluster.nodes.letters(id, 1));
      answered = answers.length === 1 && answers[0]!.node === now && unheard[0]!.node === before;
    }
  });

  test("has a node hand over and leave that is told to, while a job goes on and is told without a gap", async () => {
    const [one, two] = [await start("one"), await start("two")];
    await Promise.all([hosting(one, 1), hosting(two, 1)]);
    const cluster = await open();
    await cluster.jobs.submit({ id: "r1", kind: "run", what: "lookout", input: { task: "How is the sea?" } });
    await called.promise;
    const [from, to] = [one, two].sort((a, b) => runsAt(b) - runsAt(a)) as [ClusterNode, ClusterNode];
    const before = await cluster.news.news("r1", { after: 0, limit: 100, waitMs: 0 });
    const last = before.news.at(-1)!.position;
    const waiting = cluster.news.news("r1", { after: last, limit: 100, waitMs: 20_000 });
    called = Promise.withResolvers();
    expect(await cluster.nodes.drain(from.ownership.node)).toEqual({ partitions: 1 });
    await from.left;
    // Whatever comes of a question that waits at who leaves, it is no failure.
    expect((await waiting).isOver).toBe(true);
    await hosting(to, 2);
    await called.promise;
    gate.resolve("calm");
    const processes: (string | undefined)[] = before.news.flatMap(({ process }) => process ?? []);
    for (let after = last, isOver = false; !isOver;) {
      const page = await cluster.news.news("r1", { after, limit: 100, waitMs: 20_000 });
      processes.push(...page.news.flatMap(({ process }) => process ?? []));
      after = page.news.at(-1)?.position ?? after;
      isOver = page.isOver;
    }
    const names = [from, to].map((node) => (node === one ? "one" : "two"));
    expect(processes).toEqual(names);
  });
});

function runsAt(node: ClusterNode): number {
  return Array.from(node.partitions.values()).reduce((sum, { runs }) => sum + runs.length, 0);
}
