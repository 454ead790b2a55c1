/** Who may do what on a server that runs what `orgtree server-config` writes. */
import { listPartitions, WireTransport } from "@orgtree/cluster";
import type { SystemEvent } from "@orgtree/core";
import { JetStreamJournalError, NatsLink, natsSettings, NatsWire, openJetStreamJournal, wireSubject } from "@orgtree/nats";
import { findServer, freePorts, LocalServer } from "@orgtree/nats/server";
import { type Catalog, ClusterNews, ClusterNode, connectClient, endpointsOf, openCluster } from "@orgtree/node";
import { createActorSystem, systemClock, systemRandom } from "@orgtree/runtime";
import { execFile } from "node:child_process";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { silent } from "../cluster/post.ts";
import { Desk } from "../cli/orgtree-process.ts";
import { counter, messenger, runnableLookout } from "../support/lookout.ts";
import { readConfig } from "../../services/gateway/src/config.ts";
import { openGateway } from "../../services/gateway/src/gateway.ts";
import { makeLogger } from "../../services/gateway/src/logger.ts";
import { GuardedServer, rolesFile } from "./guarded-server.ts";

const partitions = { main: 2, gpu: 2 };
const channels = { retryMs: 50, pingMs: 200, lostMs: 1_000, graceMs: 30_000 };
const ownership = { leaseMs: 900, drainMs: 1_000 };
let guarded: GuardedServer;
let stack: AsyncDisposableStack;

beforeAll(async () => {
  guarded = await GuardedServer.start(["acme", "globex", "--partitions", "main=2,gpu=2", "--organization", rolesFile]);
});
afterAll(async () => {
  await guarded?.[Symbol.asyncDispose]();
});
beforeEach(() => {
  stack = new AsyncDisposableStack();
});
afterEach(() => stack.disposeAsync());

const catalog: Catalog = {
  organizations: { lookout: runnableLookout(() => Promise.resolve("calm"), 1) },
  actors: { counter, messenger },
};

async function startNode(
  tenant: string,
  user: string,
  { pools, at = guarded }: { readonly pools: readonly string[]; readonly at?: GuardedServer },
): Promise<{ node: ClusterNode; link: NatsLink }> {
  const link = await at.connect(tenant, user);
  const parts = { link, namespace: "main", name: user, version: "0", catalog, partitions, pools, logger: silent, ownership, channels };
  const node = await ClusterNode.start(parts);
  stack.defer(() => node.drain());
  const { promise, resolve } = Promise.withResolvers<void>();
  const look = (): void => {
    if (node.partitions.size === 2 * pools.length) resolve();
  };
  stack.defer(node.listen(look));
  look();
  await promise;
  return { node, link };
}

async function connectAs(tenant: string, user: "gateway" | "operator", at = guarded) {
  const link = await at.connect(tenant, user);
  return { link, ...stack.use(connectClient({ link, namespace: "main", partitions, logger: silent, channels, as: user })) };
}

describe("orgtree server-config", () => {
  test("writes what nats-server takes, with seeds that only their owner can read, and keeps them", async () => {
    await using desk = await Desk.open();
    const args = ["server-config", "acme", "globex", "--out", "nats", "--partitions", "main=2,gpu=2", "--storage", "500MB"];
    const { code, stdout, stderr } = await desk.call([...args, "--route", "a:6222", "--route", "b:6222"]);
    expect([code, stderr]).toEqual([0, ""]);
    const server = await findServer();
    const env = { SERVER_NAME: "one" };
    await promisify(execFile)(server.path, ["-t", "-c", join(desk.cwd, "nats/server.conf")], { env });
    const config = await readFile(join(desk.cwd, "nats/server.conf"), "utf8");
    const seeds: string[] = [];
    for (const user of ["acme/gateway", "acme/operator", "acme/node", "acme/node-main", "globex/node-gpu", "SYS/system"]) {
      const file = join(desk.cwd, "nats", `${user}.nk`);
      seeds.push((await readFile(file, "utf8")).trim());
      expect(((await stat(file)).mode & 0o777).toString(8)).toBe("600");
    }
    for (const file of ["route-password", "cluster.conf"])
      expect(((await stat(join(desk.cwd, "nats", file))).mode & 0o777).toString(8)).toBe("600");
    const password = (await readFile(join(desk.cwd, "nats/route-password"), "utf8")).trim();
    for (const secret of [...seeds, password]) expect(config + stdout).not.toContain(secret);
    expect(seeds.every((seed) => /^SU[A-Z2-7]{56}$/.test(seed))).toBe(true);
    // Again, with one tenant more: who had a key has it still.
    await desk.call([...args.slice(0, 3), "initech", ...args.slice(3)]);
    expect((await readFile(join(desk.cwd, "nats/acme/gateway.nk"), "utf8")).trim()).toBe(seeds[0]);
    expect(await readFile(join(desk.cwd, "nats/acme/gateway.env"), "utf8")).toBe(
      `NATS_NKEY=${join(desk.cwd, "nats/acme/gateway.nk")}\nNATS_INBOX_PREFIX=_INBOX_gateway\n`,
    );
  });

  test.each([
    [["acme"], "--out is missing"],
    [["acme", "acme", "--out", "x"], "a TENANT is named twice"],
    [["a.b", "--out", "x"], 'letters, digits, _ and -, not "a.b"'],
    [["SYS", "--out", "x"], "SYS is the account of the servers themselves"],
    [["acme", "--out", "x", "--storage", "much"], "--storage much is no size"],
    [["acme", "--out", "x", "--tls-cert", "cert.pem"], "--tls-cert: there is no file"],
    [["acme", "--out", "x", "--partitions", "owner=2", "--organization", rolesFile], 'the role "owner" is called as a pool'],
  ])("refuses %j, and writes nothing", async (args, says) => {
    await using desk = await Desk.open();
    const { code, stderr } = await desk.call(["server-config", ...args]);
    expect([code, stderr]).toEqual([2, expect.stringContaining(says)]);
    await expect(stat(join(desk.cwd, "x"))).rejects.toThrow("ENOENT");
  });
});

describe("servers of a cluster, with TLS", () => {
  const certificate = (name: string): string => fileURLToPath(new URL(`fixtures/${name}.pem`, import.meta.url));

  test("let each other in by the password that they share, and nobody without it; clients are let in over TLS only", async () => {
    const ports = await freePorts(2);
    const routes = ports.flatMap((port) => ["--route", `127.0.0.1:${port}`]);
    const tls = ["--tls-cert", certificate("cert"), "--tls-key", certificate("key"), "--tls-ca", certificate("cert")];
    await using desk = await Desk.open();
    const startServer = async (out: string, name: string, port: number): Promise<LocalServer> => {
      const cluster = ["--cluster-listen", `127.0.0.1:${port}`, ...routes, ...tls];
      const args = ["acme", "--out", out, "--store", `store-${name}`, "--listen", "127.0.0.1:-1", "--partitions", "main=1"];
      const { code, stderr } = await desk.call(["server-config", ...args, ...cluster]);
      expect([code, stderr]).toEqual([0, ""]);
      return stack.use(await LocalServer.start({ file: join(desk.cwd, out, "server.conf"), variables: { SERVER_NAME: name } }));
    };
    const one = await startServer("nats", "one", ports[0]!);
    const joined = one.waitFor(/new (JetStream cluster )?metadata leader/);
    await startServer("nats", "two", ports[1]!);
    await joined;
    const refused = one.waitFor(/authentication error|authorization violation/i);
    const [stranger] = await freePorts(1);
    await startServer("elsewhere", "three", stranger!);
    await refused;
    const variables = {
      NATS_URL: `tls://127.0.0.1:${one.port}`,
      NATS_NKEY: join(desk.cwd, "nats/acme/node.nk"),
      NATS_INBOX_PREFIX: "_INBOX_node",
      NATS_CA: certificate("cert"),
      NATS_CERT: certificate("cert"),
      NATS_KEY: certificate("key"),
    };
    await using link = await NatsLink.connect(natsSettings({ variables, home: desk.cwd }));
    expect(link.isConnected).toBe(true);
    const bare = natsSettings({ variables: { ...variables, NATS_CA: "", NATS_CERT: "", NATS_KEY: "" }, home: desk.cwd });
    await expect(NatsLink.connect({ ...bare, reconnect: false })).rejects.toThrow("NATS server");
  });
});

describe("on a server with that configuration", () => {
  test("nodes of pools, a gateway and the command do their work, each with its own key, and nothing is refused to them", async () => {
    const main = await startNode("acme", "node-main", { pools: ["main"] });
    const gpu = await startNode("acme", "node-gpu", { pools: ["gpu"] });
    const gateway = await connectAs("acme", "gateway");
    await gateway.client.submit({ id: "r1", kind: "run", what: "lookout", input: { task: "How is the sea?" } });
    const news = new ClusterNews({ link: gateway.link, namespace: "main", endpointOf: endpointsOf(partitions) });
    let after = 0;
    for (let isOver = false; !isOver;) {
      const page = await news.news("r1", { after, limit: 100, waitMs: 5_000 });
      after = page.news.at(-1)?.position ?? after;
      isOver = page.isOver;
    }
    expect(after).toBeGreaterThan(0);
    expect(await gateway.client.get("r1")).toMatchObject({ status: "done" });
    await gateway.client.submit({ id: "c1~gpu", kind: "actor", what: "counter", input: 1 });
    await gateway.client.submit({ id: "m1", kind: "actor", what: "messenger", input: undefined });
    // From one pool to the other.
    const sum = (): Promise<unknown> => gateway.client.system.ask("/c1~gpu", "get").catch(() => 1);
    while ((await sum()) === 1) gateway.client.system.tell("/m1", { to: "/c1~gpu", message: 41 });
    const door = await openDoor("acme");
    expect((await fetch(`${door}/readyz`)).status).toBe(200);
    const settings = await guarded.variables("acme", "operator");
    const { code, stdout } = await guarded.desk.call(["ps", "--server", guarded.server.url, "--json"], settings);
    expect([code, JSON.parse(stdout)]).toMatchObject([0, { silent: [] }]);
    const past = await guarded.desk.call(["history", "--job", "r1", "--server", guarded.server.url], settings);
    expect(past).toMatchObject({ code: 0, stderr: "", stdout: expect.stringContaining("/lookout/sailor") as unknown });
    const operator = await guarded.connect("acme", "operator");
    let found = 0;
    for await (const _answer of await operator.connection.requestMany("$SRV.PING", "", { maxMessages: 2, maxWait: 2_000 })) found++;
    expect(found).toBe(2);
    const links = [main.link, gpu.link, gateway.link, operator];
    expect(links.map(({ refusals: { publish, subscription } }) => publish + subscription)).toEqual([0, 0, 0, 0]);
    const refused = [...main.node.refusals, ...gpu.node.refusals].filter(([reason]) => /^(forbidden|forged|unreadable)$/.test(reason));
    expect(refused.map(([, count]) => count)).toEqual(Array(6).fill(0));
    const drained = await guarded.desk.call(["drain", "node-gpu", "--server", guarded.server.url], settings);
    expect(drained).toMatchObject({ code: 0 });
    await gpu.node.left;
  });

  test.each([
    ["gateway", "publish", wireSubject("other", { to: "main-0", from: "gateway-1" })],
    ["gateway", "publish", wireSubject("main", { to: "main-0", from: "main-1" })],
    ["gateway", "publish", "orgtree.main.node.any.drain"],
    ["gateway", "publish", "$KV.orgtree_main.meta"],
    ["gateway", "publish", "$JS.API.STREAM.INFO.J_main-main-0"],
    ["gateway", "publish", "$JS.API.CONSUMER.CREATE.KV_orgtree_main"],
    ["gateway", "subscribe", "_INBOX_operator.>"],
    ["gateway", "subscribe", "_INBOX.>"],
    ["gateway", "subscribe", ">"],
    ["gateway", "subscribe", wireSubject("main", { to: "main-0", from: "*" })],
    ["operator", "publish", "$KV.orgtree_main.part.main-0"],
    ["operator", "publish", "orgtree.main-main-0.j.log"],
    ["operator", "publish", "_INBOX_gateway.x"],
    ["node-gpu", "publish", "orgtree.other-gpu-0.j.log"],
    ["node-gpu", "publish", "orgtree.main-main-0.j.log"],
    ["node-gpu", "publish", "$KV.orgtree_main.part.main-0"],
    ["node-gpu", "publish", "$JS.API.STREAM.MSG.GET.J_main-main-0"],
    ["node-gpu", "publish", "$JS.API.STREAM.DELETE.J_main-gpu-0"],
    ["node-gpu", "publish", wireSubject("main", { to: "gpu-0", from: "main-0" })],
    ["node-gpu", "subscribe", wireSubject("main", { to: "main-0", from: "*" })],
    ["node-gpu", "subscribe", "orgtree.main.news.main-0"],
    ["node", "publish", wireSubject("other", { to: "main-0", from: "main-1" })],
    ["node", "publish", "$KV.orgtree_other.meta"],
    ["node", "publish", "_INBOX_gateway.x"],
    ["role-writer", "publish", wireSubject("main", { to: "owner-0", from: "writer-0" })],
    ["role-writer", "publish", wireSubject("main", { to: "editor-0", from: "owner-0" })],
    ["role-writer", "publish", "$JS.API.INFO"],
    ["role-writer", "subscribe", wireSubject("main", { to: "editor-0", from: "*" })],
  ])("%s may not %s %s", async (user, operation, subject) => {
    const { connection } = await guarded.connect("acme", user);
    const refused = (async () => {
      for await (const status of connection.status()) if (status.type === "error") return status.error;
      return undefined;
    })();
    if (operation === "publish") connection.publish(subject);
    else connection.subscribe(subject, { callback: () => {} });
    expect(await refused).toMatchObject({ name: "PermissionViolationError", subject });
  });

  test("what is in one account is not there for another one, though it is called the same", async () => {
    await startNode("acme", "node", { pools: ["main", "gpu"] });
    const ours = await connectAs("acme", "gateway");
    await ours.client.submit({ id: "secret-1", kind: "actor", what: "counter", input: 7 });
    // Nobody is there for the other tenant, and there is no namespace.
    const theirs = await guarded.connect("globex", "operator");
    await expect(
      openCluster({ connect: await settingsOf("globex", "operator"), namespace: "main", answerMs: 1_000, logger: silent }),
    ).rejects.toMatchObject({ name: "UnknownNamespaceError" });
    await expect(theirs.connection.request("$SRV.PING", "", { timeout: 500 })).rejects.toThrow(/no responders/);
    await startNode("globex", "node", { pools: ["main", "gpu"] });
    const others = await connectAs("globex", "gateway");
    expect(await others.client.get("secret-1")).toBeUndefined();
    expect(await ours.client.get("secret-1")).toMatchObject({ status: "running" });
  });

  test("what a server does not let a node send any more fails the actor that sends it as role-violation, and is counted", async () => {
    const at = stack.use(await GuardedServer.start(["acme", "--partitions", "main=2,gpu=2"]));
    const { node } = await startNode("acme", "node-main", { pools: ["main"], at });
    await startNode("acme", "node-gpu", { pools: ["gpu"], at });
    const { client } = await connectAs("acme", "gateway", at);
    await client.submit({ id: "c1~gpu", kind: "actor", what: "counter", input: 1 });
    await client.submit({ id: "m1", kind: "actor", what: "messenger", input: undefined });
    const sum = (): Promise<unknown> => client.system.ask("/c1~gpu", "get").catch(() => 1);
    while ((await sum()) === 1) client.system.tell("/m1", { to: "/c1~gpu", message: 41 });
    // From now on the pool may answer gateways, and speak to nobody else.
    await at.change((text) => text.replaceAll('"orgtree.main.w.*.*.main.*"', '"orgtree.main.w.gateway.*.main.*"'));
    while ((node.refusals.get("role-violation") ?? 0) === 0) {
      client.system.tell("/m1", { to: "/c1~gpu", message: 1 });
      await client.system.ask("/desk-main-0", { type: "get", id: "-" }, { timeoutMs: 1_000 }).catch(() => undefined);
    }
    expect(node.refusals.get("forbidden")).toBeGreaterThan(0);
    expect(await client.get("m1")).toMatchObject({ id: "m1" });
  });

  test("a stream of more than the account may store is refused by name", async () => {
    await using small = await GuardedServer.start(["acme", "--partitions", "main=1", "--storage", "1MB"]);
    const link = await small.connect("acme", "node");
    await using journal = await openJetStreamJournal(link, { name: "main-main-0" });
    const data = crypto.getRandomValues(new Uint8Array(60_000));
    const fill = async (): Promise<void> => {
      for (let seq = 0; seq < 40; seq++) await journal.append([{ address: "/a", seq, kind: "whole", data }]);
    };
    const error: unknown = await fill().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(JetStreamJournalError);
    expect(error).toMatchObject({ problem: "full", retryable: true, message: expect.stringContaining("raise the storage limits") });
  });
});

async function settingsOf(tenant: string, user: string) {
  return natsSettings({ variables: { ...(await guarded.variables(tenant, user)), NATS_URL: guarded.server.url }, home: "/" });
}

/** The gateway itself, with the key of one. */
async function openDoor(tenant: string): Promise<string> {
  const said = { ORGTREE_PARTITIONS: "main=2,gpu=2", ORGTREE_TOKENS: `ops:${"x".repeat(32)}`, PORT: "0", LOG_LEVEL: "silent" };
  const config = readConfig(said, () => "");
  const endpoints = listPartitions(partitions).map(({ endpoint }) => endpoint);
  const parts = { config, endpoints, endpointOf: endpointsOf(partitions), clock: systemClock, random: systemRandom };
  const gateway = await openGateway({ ...parts, connect: await settingsOf(tenant, "gateway"), logger: makeLogger(config) });
  stack.defer(() => gateway.close());
  return gateway.url;
}

describe("a role in a process of its own", () => {
  /** A system at the endpoint of a role, which hosts whatever begins with its letter. */
  async function startRole(user: string, role: string): Promise<{ system: ReturnType<typeof createActorSystem>; events: SystemEvent[] }> {
    const link = await guarded.connect("acme", user);
    const wire = new NatsWire(link, { namespace: "main" });
    const transport = new WireTransport({
      wire,
      clock: systemClock,
      random: systemRandom,
      logger: silent,
      endpoint: `${role}-0`,
      endpointOf: (address) => `${address.slice(1).split("/")[0]}-0`,
      limits: channels,
    });
    const system = stack.use(createActorSystem({ transport, logger: silent }));
    const events: SystemEvent[] = [];
    system.observe((event) => void events.push(event));
    return { system, events };
  }

  test("speaks to whom its charter names; what it sends to others fails it as role-violation at its supervisor, at once", async () => {
    const editor = await startRole("role-editor", "editor");
    const owner = await startRole("role-owner", "owner");
    const writer = await startRole("role-writer", "writer");
    await editor.system.start({ id: "editor", logic: counter(0).logic });
    await owner.system.start({ id: "owner", logic: counter(0).logic });
    expect(await writer.system.ask("/editor", "get", { timeoutMs: 20_000 })).toBe(0);
    const asked = writer.system.ask("/owner", "get", { timeoutMs: 600_000 });
    await expect(asked).rejects.toMatchObject({ name: "RoleViolationError", failureClass: "role-violation" });
    await writer.system.start({ id: "writer", restart: "temporary", logic: messenger(undefined).logic });
    writer.system.tell("/writer", { to: "/owner", message: 1 });
    const exit = await writer.system.watch("/writer");
    expect(exit).toMatchObject({ kind: "failure", failure: { class: "role-violation", address: "/writer" } });
    expect(writer.events.flatMap((event) => (event.type === "dead-letter" ? [event.letter.reason] : []))).toEqual([
      "forbidden",
      "forbidden",
    ]);
  });
});
