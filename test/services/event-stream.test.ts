/** Streams of events of a gateway: what becomes of slow readers, of partitions that are away, and of the server's own mistakes. */
import { once } from "node:events";
import { connect } from "node:net";
import type { AddressInfo } from "node:net";
import type { JobNews, NewsQuery, RunNewsPage } from "@orgtree/node";
import { systemClock } from "@orgtree/runtime";
import { afterEach, describe, expect, test } from "vitest";
import { makeLogger } from "../../services/gateway/src/logger.ts";
import { readConfig } from "../../services/gateway/src/config.ts";
import { makeServer, type ServerParts } from "../../services/gateway/src/server.ts";
import { operator } from "./cluster.ts";
import { Caller, next, rest } from "./http.ts";

const job = { id: "r", kind: "run", what: "lookout", input: {}, status: "running", submittedMs: 0 } as const;
const lines: Record<string, unknown>[] = [];
let servers: ReturnType<typeof makeServer>[] = [];

afterEach(async () => {
  for (const server of servers) await server.close();
  servers = [];
  lines.length = 0;
});

/** A server whose cluster is played. */
async function serve(
  parts: Partial<Omit<ServerParts, "client">> & { client?: Partial<ServerParts["client"]> },
  environment = {},
): Promise<string> {
  const variables = { ORGTREE_TOKENS: `ops:${operator}`, ORGTREE_HEARTBEAT_MS: "50", ORGTREE_STREAM_PATIENCE_MS: "100", ...environment };
  const { tokens, limits } = readConfig(variables, () => "");
  const logger = makeLogger(
    { logLevel: "info", namespace: "test" },
    { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
  );
  const client = {
    submit: () => Promise.resolve({ job, isNew: true }),
    get: () => Promise.resolve(job),
    cancel: () => Promise.resolve(job),
    list: () => Promise.resolve([]),
    isReachable: () => Promise.resolve(true),
    ...parts.client,
  };
  const news = { news: () => Promise.reject(new Error("there are none")) };
  const server = makeServer({ news, isConnected: () => true, clock: systemClock, logger, tokens, limits, version: "0", ...parts, client });
  servers.push(server);
  await server.listen({ host: "127.0.0.1", port: 0 });
  return `http://127.0.0.1:${(server.server.address() as AddressInfo).port}`;
}

/** News without an end, a megabyte at a time. */
class EndlessNews implements JobNews {
  pages = 0;

  news(_id: string, { after }: NewsQuery): Promise<RunNewsPage> {
    this.pages++;
    const entry = { kind: "alarm", level: "yellow", by: "/a", what: "x".repeat(1_000_000) } as const;
    return Promise.resolve({ news: [{ position: after + 1, atMs: 1, events: [], entries: [entry] }], isOver: false });
  }
}

describe("a stream", () => {
  test("is read no further than its reader takes it, and is cut off when he takes nothing", async () => {
    const news = new EndlessNews();
    const closed = Promise.withResolvers<void>();
    const url = await serve({ news });
    servers[0]!.server.on("connection", (socket) => socket.once("close", () => closed.resolve()));
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    socket.on("error", () => {});
    await once(socket, "connect");
    socket.pause();
    socket.write(`GET /v1/jobs/r/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${operator}\r\n\r\n`);
    await closed.promise;
    // What the buffers of both sockets hold.
    expect(news.pages).toBeLessThan(40);
    socket.destroy();
  });

  test("has its comments also when its partition answers more often than that, with nothing", async () => {
    const nothing: RunNewsPage = { news: [], isOver: false };
    const news: JobNews = { news: () => new Promise((resolve) => void systemClock.setTimer(5, () => resolve(nothing))) };
    const caller = await Caller.of({ url: await serve({ news }, { ORGTREE_STREAM_MS: "2000" }) });
    const events = caller.events("r");
    for (let n = 0; n < 3; n++) await next(events, "comment");
    await events.return(undefined);
  });

  test("says what is wrong when its partition is away for too long", async () => {
    const caller = await Caller.of({ url: await serve({}) });
    expect(await rest(caller.events("r"))).toMatchObject([{ type: "problem", data: { type: "urn:orgtree:problem:internal" } }]);
    expect(lines.find(({ msg }) => msg === "a stream waits for its partition")).toMatchObject({ job: "r" });
  });

  test("ends in silence when its time is over, to be opened again", async () => {
    const news: JobNews = { news: () => new Promise(() => {}) };
    const caller = await Caller.of({ url: await serve({ news }, { ORGTREE_STREAM_MS: "1000" }) });
    expect(await rest(caller.events("r"))).toEqual([]);
  });

  test("tells what was stored between its last look and the end of the job", async () => {
    const pages: RunNewsPage[] = [
      { news: [], isOver: true },
      { news: [{ position: 7, atMs: 1, events: [], entries: [] }], isOver: true },
    ];
    const news: JobNews = { news: () => Promise.resolve(pages.shift() ?? { news: [], isOver: true }) };
    const client = { get: () => Promise.resolve({ ...job, status: "done", endedMs: 1, output: 12n } as const) };
    const caller = await Caller.of({ url: await serve({ news, client }) });
    const events = await rest(caller.events("r"));
    expect(events.map(({ type, id }) => [type, id])).toEqual([
      ["news", "7"],
      ["end", undefined],
    ]);
    expect(events[1]!.data).toMatchObject({ output: "12" });
  });
});

describe("a mistake of the gateway", () => {
  test("is logged with the id of the request, and nothing of it is told", async () => {
    const client = { list: () => Promise.reject(new TypeError("secret is undefined")) };
    const caller = await Caller.of({ url: await serve({ client }) });
    const { status, body } = await caller.call("GET", "/v1/jobs", { headers: { "x-request-id": "abc" } });
    expect([status, body]).toMatchObject([500, { type: "urn:orgtree:problem:internal", requestId: "abc" }]);
    expect(JSON.stringify(body)).not.toContain("secret");
    expect(lines.find(({ msg }) => msg === "an unexpected error")).toMatchObject({
      requestId: "abc",
      err: { message: "secret is undefined" },
    });
  });

  test("… and of every request a line, without its token", async () => {
    const caller = await Caller.of({ url: await serve({}) });
    await caller.call("GET", "/v1/jobs");
    expect(lines.find(({ url }) => url === "/v1/jobs")).toMatchObject({ msg: "request", method: "GET", status: 200, token: "ops" });
    expect(JSON.stringify(lines)).not.toContain(operator);
  });
});
