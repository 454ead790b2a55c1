/** Nodes of a cluster on a real server: who hosts what, and how runs go on when a node is gone. */
import { NatsLink } from "@orgtree/nats";
import { LocalServer } from "@orgtree/nats/server";
import { type Catalog, ClusterNode, connectClient, type Job } from "@orgtree/node";
import { plain } from "@orgtree/runtime";
import { agent, callTool, organization, scriptedModel } from "orgtree";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { silent } from "../cluster/post.ts";
import { TcpProxy } from "../support/tcp-proxy.ts";

let server: LocalServer;
let made = 0;
let stack: AsyncDisposableStack;
/** Calls of the tool: each waits until it is let go. */
let calls: { readonly node: string; readonly key: string; readonly let: () => void }[];
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
  calls = [];
  called = Promise.withResolvers();
});
afterEach(() => stack.disposeAsync());

const partitions = { main: 4 };

function catalogOf(node: string): Catalog {
  const look = {
    name: "look",
    description: "Looks.",
    kind: "idempotent",
    parameters: { type: "object", properties: {}, additionalProperties: false },
    run: (_input: unknown, { key }: { readonly key: string }) =>
      new Promise<string>((resolve) => {
        calls.push({ node, key, let: () => resolve("the sea is calm") });
        called.resolve();
        called = Promise.withResolvers();
      }),
  } as const;
  return {
    organizations: {
      lookout: {
        organization: organization({
          name: "lookout",
          tools: () => [look],
          agents: { sailor: agent({ purpose: "Say how the sea is.", tools: ["look"] }) },
        }) as never,
        model: () => scriptedModel([callTool("look", {}), "The sea is calm."]),
      },
    },
    actors: {
      counter: () => ({
        logic: plain<number, number | "get">({
          init: () => 0,
          receive(sum, message, turn) {
            if (message === "get") turn.reply(sum);
            return typeof message === "number" ? sum + message : sum;
          },
        }),
      }),
    },
  };
}

interface Started {
  readonly node: ClusterNode;
  readonly proxy: TcpProxy;
}

async function start(name: string): Promise<Started> {
  const proxy = stack.use(await TcpProxy.start({ host: "127.0.0.1", port: server.port }));
  const link = stack.use(await NatsLink.connect({ servers: `127.0.0.1:${proxy.port}`, reconnectTimeWait: 20, reconnectJitter: 5 }));
  const ownership = { leaseMs: 900, drainMs: 1_000 };
  const channels = { retryMs: 50, pingMs: 200, lostMs: 1_000 };
  const node = await ClusterNode.start({
    link,
    namespace: `nodes-${made}`,
    name,
    version: "0",
    catalog: catalogOf(name),
    partitions,
    logger: silent,
    ownership,
    channels,
    journals: { answerMs: 300, outageMs: 1_000 },
  });
  stack.defer(() => node.close());
  return { node, proxy };
}

async function client() {
  const link = stack.use(await NatsLink.connect({ servers: server.url }));
  const channels = { retryMs: 50, pingMs: 200, lostMs: 1_000 };
  return stack.use(connectClient({ link, namespace: `nodes-${made}`, partitions, logger: silent, channels })).client;
}

/** Resolves when a node hosts so many partitions. */
function hosting(nodes: readonly Started[], wanted: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const look = (): void => {
    if (nodes.reduce((sum, { node }) => sum + node.partitions.size, 0) === wanted) resolve();
  };
  for (const { node } of nodes) node.listen(look);
  look();
  return promise;
}

async function ended(from: Awaited<ReturnType<typeof client>>, id: string): Promise<Job> {
  for (;;) {
    const job = (await from.get(id))!;
    if (job.status !== "running") return job;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe("nodes of a cluster", () => {
  test("share the partitions, run what is submitted, and hand over what they have", async () => {
    const one = await start("one");
    await hosting([one], 4);
    const from = await client();
    for (const id of ["r1", "r2", "r3"]) await from.submit({ id, kind: "run", what: "lookout", input: { task: "How is the sea?" } });
    while (calls.length < 3) await called.promise;
    const two = await start("two");
    await one.node.drain();
    await hosting([two], 4);
    while (calls.length < 6) await called.promise;
    expect(calls.slice(3).map(({ node }) => node)).toEqual(["two", "two", "two"]);
    expect(new Set(calls.map(({ key }) => key)).size).toBe(3);
    for (const call of calls) call.let();
    for (const id of ["r1", "r2", "r3"]) expect(await ended(from, id)).toMatchObject({ status: "done" });
  });

  test("go on with what a node had that is gone", async () => {
    const one = await start("one");
    await hosting([one], 4);
    const from = await client();
    await from.submit({ id: "c1", kind: "actor", what: "counter", input: undefined });
    await from.submit({ id: "r1", kind: "run", what: "lookout", input: { task: "How is the sea?" } });
    while (calls.length < 1) await called.promise;
    for (let n = 1; n <= 10; n++) from.system.tell("/c1", n);
    expect(await from.system.ask("/c1", "get")).toBe(55);
    const two = await start("two");
    one.proxy.cut();
    await hosting([two], 4);
    while (calls.length < 2) await called.promise;
    calls.at(-1)!.let();
    expect(await ended(from, "r1")).toMatchObject({ status: "done", output: { output: "The sea is calm." } });
    expect(await from.system.ask("/c1", "get", { timeoutMs: 20_000 })).toBe(55);
  });

  test("open a journal again that was out of reach for too long, with something of which nobody knows whether it was stored", async () => {
    const one = await start("one");
    await hosting([one], 4);
    const from = await client();
    await from.submit({ id: "r1", kind: "run", what: "lookout", input: { task: "How is the sea?" } });
    while (calls.length < 1) await called.promise;
    const failed = Promise.withResolvers<void>();
    one.node.listen(({ type }) => type === "failed" && failed.resolve());
    one.proxy.silence();
    calls[0]!.let();
    await failed.promise;
    one.proxy.mend();
    const again = async (): Promise<void> => {
      while (calls.length < 2) await called.promise;
      calls[1]!.let();
    };
    // It was stored, or is done again under its key.
    void again();
    expect(await ended(from, "r1")).toMatchObject({ status: "done" });
  });
});
