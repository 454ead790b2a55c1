import { wireContract } from "@orgtree/cluster/testing";
import { NatsLink, NatsWire } from "@orgtree/nats";
import { LocalServer } from "@orgtree/nats/server";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TcpProxy } from "../support/tcp-proxy.ts";

let server: LocalServer;
let made = 0;

beforeAll(async () => {
  server = await LocalServer.start({ jetStream: false });
});

afterAll(async () => {
  await server?.stop();
});

wireContract(
  "over NATS",
  async () => {
    const namespace = `wire-${made++}`;
    const stack = new AsyncDisposableStack();
    return {
      async connect() {
        const proxy = stack.use(await TcpProxy.start({ host: "127.0.0.1", port: server.port }));
        const link = stack.use(await NatsLink.connect({ servers: `127.0.0.1:${proxy.port}`, reconnectTimeWait: 10, reconnectJitter: 1 }));
        return { wire: new NatsWire(link, { namespace }), cut: () => proxy.cut(), mend: () => proxy.mend() };
      },
      [Symbol.asyncDispose]: () => stack.disposeAsync(),
    };
  },
  async () => {
    // Behind an answer of the server everything has arrived that was sent before.
    await using link = await NatsLink.connect({ servers: server.url });
    await link.connection.flush();
  },
);

describe("a wire over NATS", () => {
  test("says where this user may not send", async () => {
    const config = `authorization { users: [{ user: a, password: a, permissions: { publish: { deny: ["orgtree.*.w.secret.>"] } } }] }`;
    await using closed = await LocalServer.start({ jetStream: false, config });
    await using link = await NatsLink.connect({ servers: closed.url, user: "a", pass: "a" });
    const wire = new NatsWire(link, { namespace: "n" });
    const refused = Promise.withResolvers<unknown>();
    wire.listen(refused.resolve);
    wire.send("secret-1", Uint8Array.of(1), { from: "main-0" });
    expect(await refused.promise).toEqual({ type: "refused", to: "secret-1", from: "main-0" });
  });

  test("refuses a namespace that is no part of a subject", async () => {
    await using link = await NatsLink.connect({ servers: server.url });
    expect(() => new NatsWire(link, { namespace: "a.b" })).toThrow('not "a.b"');
  });
});
