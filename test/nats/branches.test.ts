/** Supervisors and their children at different nodes of a cluster, on a real server: each may be gone, and the other goes on. */
import type { Address, ChildSpec } from "@orgtree/core";
import { NatsLink } from "@orgtree/nats";
import { LocalServer } from "@orgtree/nats/server";
import { type Catalog, type ClusterClient, ClusterNode, connectClient } from "@orgtree/node";
import { type Logic, plain, supervisor, type TreeNode } from "@orgtree/runtime";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { silent } from "../cluster/post.ts";
import { TcpProxy } from "../support/tcp-proxy.ts";

let server: LocalServer;
let made = 0;
let stack: AsyncDisposableStack;

beforeAll(async () => {
  server = await LocalServer.start();
});
afterAll(async () => {
  await server?.stop();
});
beforeEach(() => {
  stack = new AsyncDisposableStack();
  made++;
});
afterEach(() => stack.disposeAsync());

const partitions = { main: 2, gpu: 2 };
const channels = { retryMs: 50, pingMs: 200, lostMs: 1_000 };

type Order = number | "get" | "fail" | "hire";

const counter: Logic = plain<number, Order>({
  init: (input) => Number(input ?? 0),
  receive(count, order, turn) {
    if (order === "fail") throw new Error("told to fail");
    if (order === "get") turn.reply(count);
    return typeof order === "number" ? count + order : count;
  },
});

const isHired = (address: Address): boolean => address.endsWith("/temp~gpu");

function crew(pool: string): Omit<ChildSpec<Logic>, "id"> {
  const children = [
    { id: `far~${pool}`, logic: counter, input: 10 },
    { id: "near", logic: counter },
  ];
  return { logic: supervisor({ intensity: { maxRestarts: 1, periodMs: 60_000 }, children }) };
}

const catalog: Catalog = {
  organizations: {},
  actors: { crew: (pool) => crew((pool as string | undefined) ?? "gpu") },
  specOf: (address, { what }) => (what === "crew" && isHired(address) ? { logic: counter } : undefined),
};

interface Started {
  readonly node: ClusterNode;
  readonly proxy: TcpProxy;
}

async function start(name: string, pool: string): Promise<Started> {
  const proxy = stack.use(await TcpProxy.start({ host: "127.0.0.1", port: server.port }));
  const link = stack.use(await NatsLink.connect({ servers: `127.0.0.1:${proxy.port}`, reconnectTimeWait: 20, reconnectJitter: 5 }));
  const node = await ClusterNode.start({
    link,
    namespace: `branches-${made}`,
    name,
    version: "0",
    catalog,
    partitions,
    pools: [pool],
    logger: silent,
    ownership: { leaseMs: 900, drainMs: 1_000 },
    channels,
    journals: { answerMs: 300, outageMs: 1_000 },
  });
  stack.defer(() => node.close());
  return { node, proxy };
}

async function client(): Promise<ClusterClient> {
  const link = stack.use(await NatsLink.connect({ servers: server.url }));
  return stack.use(connectClient({ link, namespace: `branches-${made}`, partitions, logger: silent, channels })).client;
}

/** Resolves when a node hosts both partitions of its pool. */
function hosting({ node }: Started): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const look = (): void => void (node.partitions.size === 2 && resolve());
  node.listen(look);
  look();
  return promise;
}

/** Asks until there is an answer: a partition may be on its way, or an actor be restarted. */
async function ask(from: ClusterClient, to: Address, message: Order = "get"): Promise<unknown> {
  for (let tries = 1; ; tries++) {
    try {
      return await from.system.ask(to, message, { timeoutMs: 1_000 });
    } catch (error) {
      if (tries === 40) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** Asks until something is answered. */
async function until(wanted: () => Promise<boolean>): Promise<void> {
  while (!(await wanted())) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** What a child's process says of it reaches that of its supervisor a moment later. */
async function comesTo(holds: () => void): Promise<void> {
  await vi.waitFor(holds, { timeout: 10_000, interval: 20 });
}

const far: Address = "/c1/far~gpu";

async function begin(): Promise<{ readonly main: Started; readonly gpu: Started; readonly from: ClusterClient }> {
  const [main, gpu] = await Promise.all([start("main", "main"), start("gpu", "gpu")]);
  await Promise.all([hosting(main), hosting(gpu)]);
  const from = await client();
  await from.submit({ id: "c1", kind: "actor", what: "crew", input: undefined });
  from.system.tell(far, (await ask(from, far)) as number);
  expect(await ask(from, far)).toBe(20);
  return { main, gpu, from };
}

function branchesAt({ node }: Started): readonly TreeNode[] {
  return Array.from(node.partitions.values()).flatMap((partition) => partition.branches());
}

/** The child as its supervisor sees it. */
function childAt({ node }: Started): TreeNode | undefined {
  const tops = Array.from(node.partitions.values()).flatMap(({ system }) => system.tree().children);
  return tops.find(({ address }) => address === "/c1")?.children.find(({ address }) => address === far);
}

describe("a child with the label of a pool", () => {
  test("lives at a node of that pool, and its supervisor restarts it there", async () => {
    const { main, gpu, from } = await begin();
    expect(branchesAt(gpu)).toMatchObject([{ address: far, status: "running", incarnation: 1 }]);
    expect(branchesAt(main)).toEqual([]);
    await comesTo(() =>
      expect(childAt(main)).toMatchObject({ status: "running", restarts: 0, elsewhere: expect.stringMatching(/^gpu-\d$/) as string }),
    );
    from.system.tell(far, "fail");
    await until(async () => (await ask(from, far)) === 10);
    await comesTo(() => expect(childAt(main)).toMatchObject({ status: "running", restarts: 1, incarnation: 2 }));
    expect(await ask(from, "/c1/near")).toBe(0);
  });

  test("goes on at another node with what it had when its own is gone, which is no restart", async () => {
    const { main, gpu, from } = await begin();
    const other = await start("other", "gpu");
    gpu.proxy.cut();
    await hosting(other);
    expect(await ask(from, far)).toBe(20);
    expect(branchesAt(other)).toMatchObject([{ address: far }]);
    await comesTo(() => expect(childAt(main)).toMatchObject({ status: "running", restarts: 0 }));
    from.system.tell(far, "fail");
    await until(async () => (await ask(from, far)) === 10);
    await comesTo(() => expect(childAt(main)).toMatchObject({ restarts: 1 }));
  });

  test("stays as it is when the node of its supervisor is gone, and is found by who comes in its place", async () => {
    const { main, gpu, from } = await begin();
    const other = await start("other", "main");
    main.proxy.cut();
    await hosting(other);
    expect(await ask(from, "/c1/near")).toBe(0);
    expect(branchesAt(gpu)).toMatchObject([{ address: far, incarnation: 1 }]);
    expect(await ask(from, far)).toBe(20);
    from.system.tell(far, "fail");
    await until(async () => (await ask(from, far)) === 10);
    await comesTo(() => expect(childAt(other)).toMatchObject({ restarts: 1 }));
    // The second failure within its time is too much, and ends the job, with all that belongs to it.
    from.system.tell(far, "fail");
    await until(async () => (await from.get("c1"))!.status === "failed");
    await until(() => Promise.resolve(branchesAt(gpu).length === 0));
  });

  test("goes on over a drain of either node", async () => {
    const { main, gpu, from } = await begin();
    const [otherMain, otherGpu] = await Promise.all([start("main2", "main"), start("gpu2", "gpu")]);
    await Promise.all([main.node.drain(), gpu.node.drain()]);
    await Promise.all([hosting(otherMain), hosting(otherGpu)]);
    expect(await ask(from, far)).toBe(20);
    await comesTo(() => expect(childAt(otherMain)).toMatchObject({ status: "running", restarts: 0 }));
  });

  test("ends with the job", async () => {
    const { gpu, from } = await begin();
    await from.cancel("c1");
    await until(async () => (await from.get("c1"))!.status === "cancelled");
    await until(() => Promise.resolve(branchesAt(gpu).length === 0));
  });

  test("that a call brings is what the catalog says of its address", async () => {
    const { main, gpu } = await begin();
    const { system } = Array.from(main.node.partitions.values()).find(({ system }) =>
      system.tree().children.some(({ address }) => address === "/c1"),
    )!;
    await system.supervisor("/c1").startChild({ id: "temp~gpu", logic: counter, input: 3 });
    expect(await system.ask("/c1/temp~gpu", "get")).toBe(3);
    expect(
      branchesAt(gpu)
        .map(({ address }) => address)
        .toSorted(),
    ).toEqual([far, "/c1/temp~gpu"]);
    const unknown = system.supervisor("/c1").startChild({ id: "nobody~gpu", logic: counter });
    await expect(unknown).rejects.toMatchObject({ failure: { name: "UnknownSpecError" } });
  });

  test("of a pool that is not there fails the job, with the pools that are", async () => {
    const main = await start("main", "main");
    await hosting(main);
    const from = await client();
    await from.submit({ id: "c1", kind: "actor", what: "crew", input: "tpu" });
    await until(async () => (await from.get("c1"))!.status === "failed");
    const { failure } = (await from.get("c1"))!;
    expect(JSON.stringify(failure)).toContain('is to be in the pool \\"tpu\\", and the namespace has main, gpu');
  });
});
