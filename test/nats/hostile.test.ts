/** What comes to a node from outside and is not what it says: on a real server, by somebody who may send. */
import { WireTransport } from "@orgtree/cluster";
import { decode, encode, type SendOutcome } from "@orgtree/core";
import { NatsLink, NatsWire, wireSubject } from "@orgtree/nats";
import { LocalServer } from "@orgtree/nats/server";
import { connectClient, readNodeConfig, type StartedNode, startNode } from "@orgtree/node";
import { systemClock, systemRandom } from "@orgtree/runtime";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { silent } from "../cluster/post.ts";

const stack = new AsyncDisposableStack();
let started: StartedNode;
let server: LocalServer;
let evil: NatsLink;
let client: ReturnType<typeof connectClient>;
/** What the node answered to whom we say to be. */
const heard: (readonly unknown[])[] = [];

beforeAll(async () => {
  server = stack.use(await LocalServer.start());
  const variables = { ORGTREE_NAMESPACE: "h", ORGTREE_NODE: "n", ORGTREE_PARTITIONS: "main=1", PORT: "0", ORGTREE_LEASE_MS: "900" };
  const config = readNodeConfig(variables, { modules: [fileURLToPath(new URL("fixtures/counting.ts", import.meta.url))] });
  started = await startNode(config, { connect: { servers: server.url }, version: "1.0.0", logger: silent });
  stack.defer(() => started.left);
  stack.defer(() => started.node.drain());
  const own = stack.use(await NatsLink.connect({ servers: server.url }));
  client = stack.use(connectClient({ link: own, namespace: "h", partitions: { main: 1 }, logger: silent }));
  evil = stack.use(await NatsLink.connect({ servers: server.url }));
  evil.connection.subscribe(wireSubject("h", { to: "evil-1", from: "*" }), {
    callback: (_error, { data }) => void heard.push(decode(data.subarray(4)) as readonly unknown[]),
  });
  await client.client.submit({ id: "c1", kind: "actor", what: "counter", input: 1 });
  while ((await sum()) !== 1);
});
afterAll(() => stack.disposeAsync());

const sum = (): Promise<unknown> => client.client.system.ask("/c1", "get", { timeoutMs: 20_000 }).catch(() => undefined);
const count = (reason: string): number => started.node.refusals.get(reason) ?? 0;
/** A packet without parts: the length of its head, and the head. */
const packet = (...head: readonly unknown[]): Uint8Array => {
  const bytes = encode(head);
  return Buffer.concat([Buffer.from([0, 0, bytes.byteLength >> 8, bytes.byteLength & 255]), bytes]);
};
/** Once the node has answered behind it, everything that was sent before has been looked at. */
const settled = async (): Promise<void> => {
  await evil.connection.flush();
  expect(await sum()).toBe(1);
};
const to = (from: string): string => wireSubject("h", { to: "main-0", from });

/** Sends a parcel over a channel of its own, as somebody who knows the protocol. */
async function sendParcel(body: unknown): Promise<SendOutcome> {
  const wire = new NatsWire(evil, { namespace: "h" });
  const parts = { wire, clock: systemClock, random: systemRandom, logger: silent, endpoint: "evil-2", endpointOf: () => "main-0" };
  const transport = new WireTransport({ ...parts, limits: { parcelBytes: 2 ** 26, queueBytes: 2 ** 26 } });
  await transport.start({ receive: () => undefined, renewed() {}, lost() {} });
  const outcome = await new Promise<SendOutcome>((ended) => transport.send("main-0", body, { ended }));
  await transport.close();
  wire.close();
  return outcome;
}

describe("a node", () => {
  test.each([
    ["no bytes at all", new Uint8Array()],
    ["bytes that are nothing", new Uint8Array([0xc1, 0xff, 0x00])],
    ["bytes that say that they are longer than they are", new Uint8Array([0xff, 0xff, 0xff, 0xff, 0x90])],
    ["a packet that is cut short", packet(1, 2, "c", "evil-1", "h", 0, 1, false, 100).subarray(0, 20)],
    ["a packet without its fields", packet(1, 2, "c", "evil-1")],
    ["a packet of a type that there is not", packet(1, 99, "c", "evil-1")],
    ["a name that is longer than names are", packet(1, 0, "c".repeat(65), "evil-1")],
    ["a megabyte of nonsense", new Uint8Array(1_000_000).fill(0xdd)],
  ])("does not read %s, counts it, and goes on", async (_what, bytes) => {
    const before = count("unreadable");
    evil.connection.publish(to("evil-1"), bytes);
    await settled();
    expect(count("unreadable")).toBe(before + 1);
  });

  test("tells who speaks another version so, and counts it", async () => {
    const before = count("unreadable");
    evil.connection.publish(to("evil-1"), packet(2, 0, "newer", "evil-1", "more"));
    await settled();
    await evil.connection.flush();
    expect(heard.find((each) => each[2] === "newer")).toEqual([
      1,
      5,
      "newer",
      expect.any(String),
      "main-0 refuses the packet: it is of version 2, and this program speaks version 1",
    ]);
    expect(count("unreadable")).toBe(before + 1);
  });

  test("takes nothing from who says to be somebody else than the server knows", async () => {
    const before = count("forged");
    evil.connection.publish(to("evil-1"), packet(1, 0, "theirs", "client-1"));
    await settled();
    expect(count("forged")).toBe(before + 1);
    expect(heard.some((each) => each[2] === "theirs")).toBe(false);
  });

  test.each([
    ["a type of XState's own", [0, "/c1", undefined, { type: "xstate.done.actor.x" }, "t"], "forged"],
    ["a type of the runtime's", [0, "/c1", undefined, { type: "orgtree.down", address: "/c1" }, "t"], "forged"],
    ["a sender who is not there", [0, "/c1", "/c1", 7, "t"], "forged"],
    ["an answer of somebody else's", [1, 1, undefined, { value: 7 }, "/c1", undefined], "forged"],
    ["an end of somebody else's", [5, "/c1", 1, { kind: "normal", output: 1 }], "forged"],
    ["an order of no supervisor", [6, "/c1/child", 1, "run"], "malformed"],
    ["no parcel", ["nonsense"], "malformed"],
    ["a recipient that is no address", [0, "c1", undefined, 7, "t"], "malformed"],
    ["an address that nobody has", [0, "/nobody", undefined, 7, "t"], "no-recipient"],
    ["more than a parcel may have", [0, "/c1", undefined, "x".repeat(2 ** 25 + 1), "t"], "oversized"],
  ])("refuses %s, and counts it", async (_what, body, reason) => {
    const before = count(reason);
    expect(await sendParcel(body)).toMatchObject({ type: "refused", refusal: { reason } });
    await settled();
    expect(count(reason)).toBe(before + 1);
  });

  test("does nothing twice for who sends again what he has recorded", async () => {
    const recorded: { readonly subject: string; readonly data: Uint8Array }[] = [];
    const tap = evil.connection.subscribe(wireSubject("h", { to: "main-0", from: "*" }), {
      callback: (_error, { subject, data }) => void recorded.push({ subject, data: data.slice() }),
    });
    await evil.connection.flush();
    const own = await NatsLink.connect({ servers: server.url });
    const victim = connectClient({ link: own, namespace: "h", partitions: { main: 1 }, logger: silent });
    victim.client.system.tell("/c1", 41);
    while ((await victim.client.system.ask("/c1", "get")) !== 42);
    // What he has closed is over; so is what goes on.
    await victim[Symbol.asyncDispose]();
    await own.close();
    const before = count("replayed");
    tap.unsubscribe();
    for (const { subject, data } of recorded) evil.connection.publish(subject, data);
    await evil.connection.flush();
    expect(await sum()).toBe(42);
    expect(count("replayed")).toBeGreaterThan(before);
    client.client.system.tell("/c1", -41);
    expect(await sum()).toBe(1);
  });

  test("hears nothing of another namespace", async () => {
    const before = new Map(started.node.refusals);
    evil.connection.publish(wireSubject("other", { to: "main-0", from: "evil-1" }), new Uint8Array([0xc1]));
    await settled();
    expect(started.node.refusals).toEqual(before);
  });

  test.each([
    ["node", "orgtree.h.node.%.tree", "{"],
    ["node", "orgtree.h.node.%.letters", '{"limit":-1}'],
    ["node", "orgtree.h.node.%.letter", '{"id":{"toString":1}}'],
    ["news", "orgtree.h.news.main-0", "nonsense"],
    ["news", "orgtree.h.news.main-0", ""],
  ])("answers a question to its %s service that is none with an error: %s %s", async (_service, subject, question) => {
    const at = subject.replace("%", started.node.ownership.node);
    const { data } = await evil.connection.request(at, question, { timeout: 5_000 });
    const answer = at.includes(".news.") ? decode(data) : (JSON.parse(new TextDecoder().decode(data)) as unknown);
    expect(answer).toMatchObject({ failure: { message: expect.any(String) } });
    await settled();
  });

  test("shows all of it in its metrics", async () => {
    const text = await (await fetch(`${started.status}/metrics`)).text();
    for (const reason of ["unreadable", "forged", "replayed", "malformed", "oversized"])
      expect(text).toMatch(new RegExp(`^orgtree_refused_total\\{reason="${reason}"\\} [1-9]\\d*$`, "m"));
    expect(text).toContain('orgtree_nats_refused_total{operation="publish"} 0');
  });
});
