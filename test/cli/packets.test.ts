/** The commands that print packets: beside nodes of a cluster on a real server, and of bytes. */
import { encodePacket } from "@orgtree/cluster";
import { encode } from "@orgtree/core";
import { NatsLink, wireSubject } from "@orgtree/nats";
import { LocalServer } from "@orgtree/nats/server";
import { ClusterNode, openCluster } from "@orgtree/node";
import { writeParcel } from "@orgtree/runtime";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { silent } from "../cluster/post.ts";
import { counter, messenger } from "../support/lookout.ts";
import { Desk } from "./orgtree-process.ts";

let server: LocalServer;
let desk: Desk;
let stack: AsyncDisposableStack;

beforeAll(async () => {
  server = await LocalServer.start();
});
afterAll(async () => {
  await server?.stop();
});
beforeEach(async () => {
  stack = new AsyncDisposableStack();
  desk = stack.use(await Desk.open());
});
afterEach(() => stack.disposeAsync());

const namespace = "main";

async function startNode(pool: string): Promise<ClusterNode> {
  const link = stack.use(await NatsLink.connect({ servers: server.url }));
  const catalog = { organizations: {}, actors: { counter, messenger } };
  const parts = { link, namespace, name: pool, version: "0", catalog, partitions: { main: 1, gpu: 1 }, pools: [pool], logger: silent };
  const node = await ClusterNode.start({ ...parts, ownership: { leaseMs: 900, drainMs: 1_000 } });
  stack.defer(() => node.close());
  const { promise, resolve } = Promise.withResolvers<void>();
  node.listen(() => node.partitions.size === 1 && resolve());
  if (node.partitions.size < 1) await promise;
  return node;
}

interface Line {
  readonly from: string;
  readonly to: string;
  readonly type: string;
  readonly fields: { readonly seq?: number; readonly host?: string };
  readonly parcels: readonly { readonly type: string; readonly to?: string; readonly from?: string; readonly message?: unknown }[];
}

describe("orgtree packets watch", () => {
  test("prints what partitions say to one another, whole, and keeps nothing from anybody", async () => {
    await startNode("main");
    const gpu = await startNode("gpu");
    const connect = { servers: server.url };
    const cluster = stack.use(await openCluster({ connect, namespace, answerMs: 5_000, logger: silent }));
    await cluster.jobs.submit({ id: "m1", kind: "actor", what: "messenger", input: undefined });
    await cluster.jobs.submit({ id: "c1~gpu", kind: "actor", what: "counter", input: 1 });
    const watching = desk.start(["packets", "watch", "--at", "gpu-0", "--json"], { NATS_URL: server.url });
    // It says nothing until there is something.
    const seen = watching.line('"message":41');
    const state = { isSeen: false, isHeard: false };
    void seen.then(() => (state.isSeen = true));
    while (!state.isSeen) {
      cluster.jobs.system.tell("/m1", { to: "/c1~gpu", message: 41 });
      await cluster.jobs.system.ask("/c1~gpu", "get");
    }
    watching.signal("SIGINT");
    const { code, stdout, stderr } = await watching.ended;
    expect([code, stderr]).toEqual([0, ""]);
    const lines = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Line);
    const told = lines.find(({ parcels }) => parcels.some(({ message }) => message === 41))!;
    expect(told).toMatchObject({ from: "main-0", to: "gpu-0", type: "data", parcels: [{ type: "message", to: "/c1~gpu", from: "/m1" }] });
    expect(told.fields.host).toMatch(/^\d+-/);
    expect(lines.every(({ from, to }) => from === "gpu-0" || to === "gpu-0")).toBe(true);
    expect(lines.map(({ type }) => type)).toContain("acks");
    // A sum that nobody else has changed.
    expect(((await cluster.jobs.system.ask("/c1~gpu", "get")) as number) % 41).toBe(1);

    // Where nobody hosts a partition, nobody listens: who sends there is told at once.
    const again = desk.start(["packets", "watch"], { NATS_URL: server.url });
    const heard = again.line("gpu-0");
    void heard.then(() => (state.isHeard = true));
    while (!state.isHeard) await cluster.jobs.system.ask("/c1~gpu", "get");
    await gpu.drain();
    const { connection } = stack.use(await NatsLink.connect({ servers: server.url }));
    const subject = wireSubject(namespace, { to: "gpu-0", from: "client-1" });
    const problem = (): Promise<string> => connection.request(subject, "", { timeout: 500 }).then(String, (error: Error) => error.message);
    for (let tries = 0; tries < 20 && !(await problem()).includes("no responders"); tries++);
    expect(await problem()).toContain("no responders");
    again.signal("SIGINT");
    expect((await again.ended).code).toBe(0);
    expect(await desk.call(["packets", "watch", "--at", "gpu-7"], { NATS_URL: server.url })).toMatchObject({
      code: 2,
      stderr: "orgtree: there is no partition gpu-7; there are main-0 to main-0, gpu-0 to gpu-0\n",
    });
  });
});

describe("orgtree packets decode", () => {
  const message = writeParcel({
    type: "message",
    to: "/desk/clerk",
    from: undefined,
    message: { type: "add", bytes: new Uint8Array([1, 2]) },
    trace: "client-1.4",
    key: undefined,
    askId: undefined,
    leftMs: undefined,
  });
  const parts = [encode(message), encode(writeParcel({ type: "taken", from: "/a", key: "3.1" as never })), new Uint8Array([9])];
  const head = { channel: "k1", from: "main-1", host: "7-x", heard: 4, seq: 5, isPiece: true } as const;
  const bytes = encodePacket({ type: "data", ...head, parts });
  const printed = [
    `data  channel k1 from main-1 host 7-x heard 4 seq 5 isPiece true ${bytes.byteLength} B`,
    '  message  {"to":"/desk/clerk","message":{"type":"add","bytes":"base64:AQI="},"trace":"client-1.4"}',
    '  taken  {"from":"/a","key":"3.1"}',
    '  piece  {"bytes":1}',
    "",
  ].join("\n");

  test.each(["latin1", "hex", "base64"] as const)("reads bytes in %s", async (how) => {
    await writeFile(join(desk.cwd, "a.packet"), how === "latin1" ? bytes : `${Buffer.from(bytes).toString(how)}\n`);
    expect(await desk.call(["packets", "decode", "a.packet"])).toEqual({ code: 0, stdout: printed, stderr: "" });
  });

  test("says what is wrong with what is none", async () => {
    await writeFile(join(desk.cwd, "a.packet"), "hello, packet");
    const { code, stdout } = await desk.call(["packets", "decode", "a.packet", "--json"]);
    expect([code, JSON.parse(stdout)]).toMatchObject([1, { type: "unreadable", bytes: 13, parcels: [] }]);
    expect(await desk.call(["packets", "decode", "none"])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("none cannot be read") as unknown,
    });
  });
});
