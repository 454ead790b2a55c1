import { leasesContract } from "@orgtree/cluster/testing";
import { NatsLink, openNatsLeases } from "@orgtree/nats";
import { LocalCluster, LocalServer } from "@orgtree/nats/server";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TcpProxy } from "../support/tcp-proxy.ts";

const quick = { reconnectTimeWait: 20, reconnectJitter: 1 };

describe.each([
  { title: "in NATS", replicas: 1, start: () => LocalServer.start() },
  { title: "in NATS on three servers", replicas: 3, start: () => LocalCluster.start() },
])("$title", ({ title, replicas, start }) => {
  let servers: LocalServer | LocalCluster;
  let made = 0;

  beforeAll(async () => {
    servers = await start();
  });

  afterAll(async () => {
    await servers?.stop();
  });

  leasesContract(title, () => {
    const namespace = `contract-${made++}`;
    const stack = new AsyncDisposableStack();
    const ports = servers instanceof LocalServer ? [servers.port] : servers.servers.map(({ port }) => port);
    let count = 0;
    return Promise.resolve({
      async connect() {
        const proxy = stack.use(await TcpProxy.start({ host: "127.0.0.1", port: ports[count++ % ports.length]! }));
        const link = stack.use(await NatsLink.connect({ servers: `127.0.0.1:${proxy.port}`, ...quick, ignoreClusterUpdates: true }));
        const leases = stack.adopt(await openNatsLeases(link, { namespace, replicas }), (each) => each.close());
        return { leases, cut: () => proxy.cut(), mend: () => proxy.mend() };
      },
      [Symbol.asyncDispose]: () => stack.disposeAsync(),
    });
  });
});

describe("leases in NATS", () => {
  let server: LocalServer;
  let link: NatsLink;

  beforeAll(async () => {
    server = await LocalServer.start();
    link = await NatsLink.connect({ servers: server.url, ...quick });
  });

  afterAll(async () => {
    await link?.close();
    await server?.stop();
  });

  test("are a bucket that people can look into", async () => {
    const leases = await openNatsLeases(link, { namespace: "shown" });
    await leases.put("part.main-3", { node: "a" }, 0);
    const answer = await link.connection.request(
      "$JS.API.STREAM.MSG.GET.KV_orgtree_shown",
      JSON.stringify({ last_by_subj: "$KV.orgtree_shown.part.main-3" }),
    );
    const { message } = answer.json<{ message: { data: string } }>();
    expect(Buffer.from(message.data, "base64").toString()).toBe('{"node":"a"}');
    leases.close();
  });

  test("do not know what became of a change that the server did not answer, and find it when it is back", async () => {
    await using own = await LocalServer.start();
    await using ownLink = await NatsLink.connect({ servers: own.url, ...quick });
    const leases = await openNatsLeases(ownLink, { namespace: "silent", answerMs: 200 });
    const first = await leases.put("node.a", 1, 0);
    await own.pause();
    await expect(leases.put("node.a", 2, first!)).rejects.toMatchObject({ name: "LeaseError", outcome: "unknown", retryable: true });
    await expect(leases.read("node.a")).rejects.toMatchObject({ name: "LeaseError", retryable: true });
    own.resume();
    const isSettled = async (): Promise<boolean> => (await leases.read("node.a").catch(() => undefined))?.value === 2;
    await expect.poll(isSettled, { timeout: 5_000 }).toBe(true);
    leases.close();
  });

  test("tell a watch everything anew when the server was killed and came back", { timeout: 20_000 }, async () => {
    await using own = await LocalServer.start();
    await using ownLink = await NatsLink.connect({ servers: own.url, ...quick });
    const leases = await openNatsLeases(ownLink, { namespace: "killed" });
    await leases.put("node.a", 1, 0);
    const types: string[] = [];
    leases.watch(({ type }) => void types.push(type));
    await expect.poll(() => types, { timeout: 5_000 }).toEqual(["stored", "complete"]);
    await own.restart();
    await expect.poll(() => types, { timeout: 10_000 }).toEqual(["stored", "complete", "lost", "stored", "complete"]);
    leases.close();
  });

  test("begin a watch anew when the server does not know its consumer any more", { timeout: 20_000 }, async () => {
    const leases = await openNatsLeases(link, { namespace: "forgotten" });
    await leases.put("node.a", 1, 0);
    const types: string[] = [];
    leases.watch(({ type }) => void types.push(type));
    await expect.poll(() => types, { timeout: 5_000 }).toEqual(["stored", "complete"]);
    const names = (await link.connection.request("$JS.API.CONSUMER.NAMES.KV_orgtree_forgotten")).json<{ consumers: string[] }>();
    for (const name of names.consumers) await link.connection.request(`$JS.API.CONSUMER.DELETE.KV_orgtree_forgotten.${name}`);
    await expect.poll(() => types, { timeout: 10_000 }).toEqual(["stored", "complete", "lost", "stored", "complete"]);
    leases.close();
  });

  test.each([
    [{ max_age: 60_000_000_000 }, "max_age is set"],
    [{ storage: "memory" }, "storage is memory"],
    [{ allow_msg_ttl: false }, "allow_msg_ttl is off"],
    [{ subjects: ["$KV.other.>"] }, "its subjects are not"],
  ])("refuse a bucket with %j", async (settings, says) => {
    const namespace = `bad-${Object.keys(settings)[0]}`;
    const stream = {
      name: `KV_orgtree_${namespace}`,
      subjects: [`$KV.orgtree_${namespace}.>`],
      allow_msg_ttl: true,
      storage: "file",
      num_replicas: 1,
      ...settings,
    };
    await link.connection.request(`$JS.API.STREAM.CREATE.${stream.name}`, JSON.stringify(stream));
    const error: unknown = await openNatsLeases(link, { namespace }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: "LeaseError", retryable: false });
    expect(String(error)).toContain(says);
  });

  test("refuse a server without JetStream, a user that may not write, and a namespace that is none", async () => {
    await using plain = await LocalServer.start({ jetStream: false });
    await using plainLink = await NatsLink.connect({ servers: plain.url });
    await expect(openNatsLeases(plainLink, { namespace: "n" })).rejects.toThrow("start it with nats-server -js");
    await expect(openNatsLeases(link, { namespace: "a.b" })).rejects.toThrow('not "a.b"');
    const config = `authorization { users: [{ user: a, password: a, permissions: { publish: { deny: ["$KV.>"] } } }] }`;
    await using closed = await LocalServer.start({ config });
    await using closedLink = await NatsLink.connect({ servers: closed.url, user: "a", pass: "a" });
    const leases = await openNatsLeases(closedLink, { namespace: "n" });
    await expect(leases.put("node.a", 1, 0)).rejects.toMatchObject({ retryable: false, outcome: "not-done" });
    await expect(leases.put("node.a", 1, 0)).rejects.toThrow("allow it in the permissions");
    leases.close();
  });
});
