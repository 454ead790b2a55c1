/** The news of jobs over NATS: asked of whoever hosts the partition. */
import { NatsLink, NatsRequests } from "@orgtree/nats";
import { LocalServer } from "@orgtree/nats/server";
import { ClusterNews, type JobNews, type JobNewsItem, serveNews } from "@orgtree/node";
import { JournalError } from "@orgtree/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { endpointOf } from "./cluster.ts";

let server: LocalServer;
let link: NatsLink;
let made = 0;

beforeAll(async () => {
  server = await LocalServer.start({ jetStream: false });
  link = await NatsLink.connect({ servers: server.url });
});

afterAll(async () => {
  await link?.close();
  await server?.stop();
});

/** Who asks, and where a partition is served. */
function namespace(): {
  readonly news: ClusterNews;
  readonly serve: (partition: JobNews, holds?: () => boolean) => Promise<() => void>;
  readonly subject: string;
} {
  const name = `news-${made++}`;
  const subject = `orgtree.${name}.news.main-0`;
  const serve = (partition: JobNews, holds?: () => boolean): Promise<() => void> =>
    serveNews(link, { namespace: name, endpoint: "main-0", partition, holds });
  return { news: new ClusterNews({ link, namespace: name, endpointOf }), serve, subject };
}

const query = { after: 3, limit: 10, waitMs: 0 };

describe("the news of a cluster", () => {
  test("are those of the partition of the job", async () => {
    const { news, serve } = namespace();
    const item: JobNewsItem = {
      position: 4,
      atMs: 5,
      events: [{ type: "actor-started", address: "/a", incarnation: 1, atMs: 5 }],
      entries: [],
    };
    const asked: unknown[] = [];
    await serve({ news: (...what) => (asked.push(what), Promise.resolve({ news: [item], isOver: false })) });
    expect(await news.news("r1", query)).toEqual({ news: [item], isOver: false });
    expect(asked).toEqual([["r1", query]]);
  });

  test("are not told by a process whose lease does not hold: another one may have the partition", async () => {
    const { news, serve } = namespace();
    const state = { holds: false };
    const partition: JobNews = { news: () => Promise.resolve({ news: [], isOver: true }) };
    await serve(partition, () => state.holds);
    await expect(news.news("r1", query)).rejects.toMatchObject({ name: "NotHostedError", retryable: true });
    state.holds = true;
    expect(await news.news("r1", query)).toEqual({ news: [], isOver: true });
  });

  test("come in a message, however large a turn is", async () => {
    const { news, serve } = namespace();
    const entry = { kind: "alarm", level: "red", by: "/a", what: "x".repeat(3_000_000) } as const;
    await serve({ news: () => Promise.resolve({ news: [{ position: 4, atMs: 5, events: [], entries: [entry] }], isOver: true }) });
    const page = await news.news("r1", query);
    expect(page).toMatchObject({ news: [{ position: 4, isShortened: true }], isOver: true });
    expect(JSON.stringify(page.news).length).toBeLessThan(link.maxPayload);
  });

  test("are not to be had while nobody hosts the partition, and then they are", async () => {
    const { news, serve } = namespace();
    await expect(news.news("r1", query)).rejects.toMatchObject({ name: "NatsError", problem: "unreachable", retryable: true });
    const stop = await serve({ news: () => Promise.resolve({ news: [], isOver: true }) });
    expect(await news.news("r1", query)).toEqual({ news: [], isOver: true });
    stop();
    await expect(news.news("r1", query)).rejects.toMatchObject({ problem: "unreachable" });
  });

  test("are refused as the partition refuses them", async () => {
    const { news, serve } = namespace();
    await serve({ news: () => Promise.reject(new JournalError("j", "it is closed", { retryable: true })) });
    await expect(news.news("r1", query)).rejects.toMatchObject({
      name: "JournalError",
      message: "journal j: it is closed",
      retryable: true,
    });
  });

  test.each([
    { query: { ...query, limit: 0 }, problem: "limit: an integer of at least 1" },
    { query: { ...query, after: -1 }, problem: "after: an integer of at least 0" },
    { query: { ...query, waitMs: 1e9 }, problem: "waitMs: at most 60000" },
  ])("are not asked for with $problem", async ({ query, problem }) => {
    const { news, serve } = namespace();
    await serve({ news: () => Promise.reject(new Error("it was asked")) });
    await expect(news.news("r1", { ...query, waitMs: Math.min(query.waitMs, 1e9) })).rejects.toThrow(problem);
  });

  test("answer what is no question with an error", async () => {
    const { serve, subject } = namespace();
    await serve({ news: () => Promise.reject(new Error("it was asked")) });
    const answer = await new NatsRequests(link).ask(subject, Uint8Array.of(193), 5_000);
    expect(Buffer.from(answer).toString()).toContain("is not an address");
  });
});

describe("a question over NATS", () => {
  test("is not sent where the connection is lost", async () => {
    const own = await LocalServer.start({ jetStream: false });
    const lost = Promise.withResolvers<void>();
    await using other = await NatsLink.connect({ servers: own.url });
    other.listen(({ type }) => type === "lost" && lost.resolve());
    await own.stop();
    await lost.promise;
    await expect(new NatsRequests(other).ask("a", new Uint8Array(), 60_000)).rejects.toMatchObject({
      problem: "unreachable",
      message: expect.stringContaining("is lost") as string,
    });
  });
});
