/** The HTTP door of a cluster: jobs, their events, who may, and how much. */
import { LocalServer } from "@orgtree/nats/server";
import { Validator } from "@seriousme/openapi-schema-validator";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { tenant, TestCluster } from "./cluster.ts";
import { Caller, next, rest } from "./http.ts";

let server: LocalServer;
let shared: TestCluster;
/** Of the shared cluster. */
let to: Caller;
let made = 0;

const run = { kind: "run", what: "lookout", input: { task: "How is the sea?" } };
const echo = { kind: "actor", what: "echo" };

beforeAll(async () => {
  server = await LocalServer.start();
  shared = cluster();
  await shared.host();
  to = await Caller.of(await shared.gateway());
});

afterAll(async () => {
  await shared?.[Symbol.asyncDispose]();
  await server?.stop();
});

function cluster(): TestCluster {
  return new TestCluster(server, `gateway-${made++}`);
}

const newId = (): string => `job-${made++}`;

/** The result of a job, once it is over. */
async function result(id: string, from = to): Promise<unknown> {
  return (await rest(from.events(id))).at(-1)?.data;
}

describe("submitting a job", () => {
  test("stores it, and again under the same id tells of the same job", async () => {
    const id = newId();
    const first = await to.call("POST", "/v1/jobs", { body: { ...echo, id, input: { n: 1 } } });
    expect([first.status, first.headers.get("location"), first.body]).toMatchObject([
      201,
      `/v1/jobs/${id}`,
      { id, status: "running", input: { n: 1 } },
    ]);
    expect(await result(id)).toMatchObject({ id, status: "done", output: { n: 1 } });
    const again = await to.call("POST", "/v1/jobs", { body: { ...echo, id, input: { n: 1 } } });
    expect([again.status, again.body]).toMatchObject([200, { id, status: "done" }]);
  });

  test.each([
    { title: "plain", quoted: (id: string) => id },
    { title: "in quotes", quoted: (id: string) => `"${id}"` },
  ])("takes its id from the header Idempotency-Key, $title", async ({ quoted }) => {
    const id = newId();
    const { status, body } = await to.call("POST", "/v1/jobs", { body: echo, headers: { "idempotency-key": quoted(id) } });
    expect([status, body]).toMatchObject([201, { id }]);
  });

  test("is refused where another job has the id", async () => {
    const id = newId();
    await to.call("POST", "/v1/jobs", { body: { ...echo, id, input: 1 } });
    const { status, body, headers } = await to.call("POST", "/v1/jobs", { body: { ...echo, id, input: 2 } });
    expect([status, body]).toMatchObject([
      409,
      { type: "urn:orgtree:problem:job-conflict", status: 409, title: "Another job has this id" },
    ]);
    expect((body as { detail: string }).detail).toContain("choose one that nobody has");
    expect((body as { requestId: string }).requestId).toBe(headers.get("x-request-id"));
  });

  test.each([
    { what: "no id", body: echo, detail: "a job needs an id" },
    { what: "two ids", body: { ...echo, id: "one" }, headers: { "idempotency-key": "two" }, detail: "different ids" },
    { what: "a bad id", body: { ...echo, id: "a b" }, detail: "body/id must match pattern" },
    { what: "a bad key", body: echo, headers: { "idempotency-key": "a/b" }, detail: "1 to 64 letters, digits, _ and -" },
    { what: "an unknown kind", body: { ...echo, id: "x", kind: "walk" }, detail: "body/kind must be equal to one of" },
    { what: "an unknown field", body: { ...echo, id: "x", inptu: 1 }, detail: "must NOT have additional properties" },
    { what: "a number for a text", body: { ...echo, id: 7 }, detail: "body/id must be string" },
    { what: "a run without a task", body: { id: "x", what: "lookout", input: {} }, detail: "task: a text that says what is to be done" },
  ])("is refused with $what", async ({ body, headers = {}, detail }) => {
    const answer = await to.call("POST", "/v1/jobs", { body, headers: headers as Record<string, string> });
    expect(answer).toMatchObject({
      status: 400,
      body: { type: "urn:orgtree:problem:invalid-request", detail: expect.stringContaining(detail) as string },
    });
  });

  test.each([
    { what: "what is no JSON", raw: "{", type: "application/json", status: 400 },
    { what: "nothing", raw: "", type: "application/json", status: 400 },
    { what: "a form", raw: "a=1", type: "application/x-www-form-urlencoded", status: 415 },
    { what: "a prototype", raw: `{"id":"x","what":"echo","__proto__":{}}`, type: "application/json", status: 400 },
    {
      what: "a body that is too large",
      raw: JSON.stringify({ ...echo, id: "x", input: "x".repeat(1_100_000) }),
      type: "application/json",
      status: 413,
    },
    {
      what: "half a character",
      raw: `{"id":"half","what":"echo","kind":"actor","input":"\\ud800"}`,
      type: "application/json",
      status: 201,
    },
    {
      what: "a thousand levels",
      raw: `{"id":"deep","what":"echo","kind":"actor","input":${"[".repeat(1_000)}${"]".repeat(1_000)}}`,
      type: "application/json",
      status: 400,
    },
  ])("of $what is answered by $status", async ({ raw, type, status }) => {
    const answer = await to.call("POST", "/v1/jobs", { raw, headers: { "content-type": type } });
    expect(answer.status).toBe(status);
  });

  test("is refused where the desk is full, and says when to come again", async () => {
    await using small = cluster();
    await small.host({ running: 1 });
    const caller = await Caller.of(await small.gateway());
    await caller.call("POST", "/v1/jobs", { body: { kind: "actor", what: "idler", id: "one" } });
    const { status, body, headers } = await caller.call("POST", "/v1/jobs", { body: { kind: "actor", what: "idler", id: "two" } });
    expect([status, body, headers.get("retry-after")]).toMatchObject([503, { type: "urn:orgtree:problem:cluster-full" }, "5"]);
  });
});

describe("jobs", () => {
  test("are listed in pages, the newest first, and by status", async () => {
    await using own = cluster();
    await own.host();
    const caller = await Caller.of(await own.gateway());
    for (const id of ["a", "b", "c", "d", "e"]) await caller.call("POST", "/v1/jobs", { body: { kind: "actor", what: "idler", id } });
    await caller.call("DELETE", "/v1/jobs/c");
    await result("c", caller);
    const ids: string[] = [];
    let query = "?limit=2";
    for (let pages = 0; query !== ""; pages++) {
      const { jobs, next: cursor } = (await caller.call("GET", `/v1/jobs${query}`)).body as { jobs: { id: string }[]; next?: string };
      ids.push(...jobs.map(({ id }) => id));
      expect(jobs.length).toBe(pages < 2 ? 2 : 1);
      query = cursor === undefined ? "" : `?limit=2&cursor=${cursor}`;
    }
    expect(ids.toSorted()).toEqual(["a", "b", "c", "d", "e"]);
    const { jobs } = (await caller.call("GET", "/v1/jobs?status=cancelled")).body as { jobs: object[] };
    expect(jobs).toMatchObject([{ id: "c", status: "cancelled" }]);
    expect(Object.keys(jobs[0]!)).not.toContain("output");
  });

  test.each(["?limit=0", "?limit=201", "?limit=x", "?cursor=x", "?status=lost"])("are not listed with %s", async (query) => {
    expect((await to.call("GET", `/v1/jobs${query}`)).status).toBe(400);
  });

  test("that nobody knows are not found", async () => {
    for (const [method, path] of [
      ["GET", "/v1/jobs/nobody"],
      ["DELETE", "/v1/jobs/nobody"],
      ["GET", "/v1/jobs/nobody/events"],
    ] as const)
      expect(await to.call(method, path)).toMatchObject({ status: 404, body: { type: "urn:orgtree:problem:job-not-found" } });
    expect(await to.call("GET", "/v1/jbos")).toMatchObject({ status: 404, body: { type: "urn:orgtree:problem:not-found" } });
    expect((await to.call("GET", "/v1/jobs/a%20b")).status).toBe(400);
    expect((await to.call("GET", "/v1/jobs/%zz")).status).toBe(400);
    expect((await to.call("GET", `/v1/jobs/${"x".repeat(2_000)}`)).status).toBe(400);
  });

  test("are cancelled, once", async () => {
    const id = newId();
    await to.call("POST", "/v1/jobs", { body: { kind: "actor", what: "idler", id } });
    expect((await to.call("DELETE", `/v1/jobs/${id}`)).status).toBe(202);
    expect(await result(id)).toMatchObject({ id, status: "cancelled" });
    expect((await to.call("DELETE", `/v1/jobs/${id}`)).status).toBe(200);
  });

  test("that failed say why", async () => {
    const id = newId();
    await to.call("POST", "/v1/jobs", { body: { ...run, id, what: "lookup" } });
    await result(id);
    const { body } = await to.call("GET", `/v1/jobs/${id}`);
    expect(body).toMatchObject({ status: "failed", failure: { name: "UnknownWorkloadError" } });
  });
});

describe("the events of a job", () => {
  test("tell a run from its beginning to its end, each turn with its position", async () => {
    await using own = cluster();
    await own.host();
    const caller = await Caller.of(await own.gateway());
    await caller.call("POST", "/v1/jobs", { body: { ...run, id: "r" } });
    const events = caller.events("r");
    for (let n = 0; n < 2; n++) (await own.nextCall()).let();
    const all = await rest(events);
    expect(all.at(-1)).toMatchObject({ type: "end", data: { id: "r", status: "done", output: { output: "The sea is calm." } } });
    const news = all.slice(0, -1);
    const positions = news.map(({ id }) => Number(id));
    expect(positions).toEqual([...new Set(positions)].toSorted((one, other) => one - other));
    const kinds = news.flatMap(({ data }) => (data as { entries: { kind: string }[] }).entries.map(({ kind }) => kind));
    expect(kinds.filter((kind) => kind !== "alarm")).toEqual(["model", "tool", "model", "tool", "model"]);
  });

  test("go on behind the last one that was seen, over another process and another gateway", async () => {
    await using own = cluster();
    const host = await own.host();
    const caller = await Caller.of(await own.gateway());
    await caller.call("POST", "/v1/jobs", { body: { ...run, id: "r" } });
    (await own.nextCall()).let();
    await own.nextCall();
    const open = caller.events("r");
    const seen = [await next(open, "news"), await next(open, "news")];
    const staying = caller.events("r", { after: seen.at(-1)!.id! });
    const first = await next(staying, "news");
    await host.kill();
    await own.host();
    (await own.nextCall()).let();
    const other = await Caller.of(await own.gateway());
    const stayed = [first, ...(await rest(staying))];
    const resumed = await rest(other.events("r", { after: seen.at(-1)!.id! }));
    const whole = await rest(other.events("r"));
    expect(stayed).toEqual(resumed);
    expect([...seen, ...resumed]).toEqual(whole);
    expect(whole.at(-1)!.type).toBe("end");
    await open.return(undefined);
  });

  test("have comments while nothing happens, and are resumed at the end with nothing but the end", async () => {
    const id = newId();
    await to.call("POST", "/v1/jobs", { body: { ...run, id } });
    const call = await shared.nextCall();
    const events = to.events(id);
    expect((await events.next()).value).toMatchObject({ type: "retry", data: 1_000 });
    const { id: last } = await next(events, "news");
    await next(events, "comment");
    call.let();
    (await shared.nextCall()).let();
    const after = (await rest(events)).at(-2)!.id!;
    expect(Number(after)).toBeGreaterThan(Number(last));
    expect(await rest(to.events(id, { after }))).toMatchObject([{ type: "end", data: { id, status: "done" } }]);
  });

  test.each([{ "last-event-id": "x" }, { "last-event-id": "-1" }, { "last-event-id": "9".repeat(40) }])(
    "are refused with %o",
    async (headers) => {
      const id = newId();
      await to.call("POST", "/v1/jobs", { body: { ...echo, id } });
      expect((await to.call("GET", `/v1/jobs/${id}/events`, { headers })).status).toBe(400);
    },
  );

  test("are so many at a time, of one token", async () => {
    const caller = await Caller.of(await shared.gateway({ ORGTREE_STREAMS_PER_TOKEN: "1" }));
    const id = newId();
    await caller.call("POST", "/v1/jobs", { body: { kind: "actor", what: "idler", id } });
    const events = caller.events(id);
    await next(events, "comment");
    expect(await caller.call("GET", `/v1/jobs/${id}/events`)).toMatchObject({
      status: 429,
      body: { type: "urn:orgtree:problem:too-many-streams" },
    });
    await events.return(undefined);
    await vi.waitFor(async () => expect(await openStreams(caller)).toBe(0));
    await next(caller.events(id), "comment");
  });
});

async function openStreams(caller: Caller): Promise<number> {
  const { body } = await caller.call("GET", "/metrics");
  return Number(/^orgtree_gateway_open_streams (\d+)$/m.exec(body as string)![1]);
}

describe("a gateway", () => {
  test("takes so many requests a second of each token", async () => {
    const caller = await Caller.of(await shared.gateway({ ORGTREE_REQUESTS_PER_SECOND: "1" }));
    const answers = [];
    for (let n = 0; n < 3; n++) answers.push(await caller.call("GET", "/v1/jobs/nobody"));
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 429]);
    expect(answers[2]!.headers.get("retry-after")).toBe("1");
    expect((await caller.call("GET", "/v1/jobs/nobody", { token: tenant })).status).toBe(404);
    expect((await caller.call("GET", "/healthz")).status).toBe(200);
  });

  test("counts, and says nothing that is secret", async () => {
    const { body, headers } = await to.call("GET", "/metrics");
    expect(body).toMatch(/^orgtree_gateway_requests_total\{method="POST",route="\/v1\/jobs",status="201"\} \d+$/m);
    expect(body).toMatch(/^orgtree_gateway_request_seconds_bucket\{method="POST",route="\/v1\/jobs",le="\+Inf"\} \d+$/m);
    expect(body).toMatch(/^orgtree_gateway_jobs_submitted_total\{new="true"\} [1-9]\d*$/m);
    expect(body).toMatch(/^orgtree_gateway_nats_connected 1$/m);
    expect(body).not.toContain("job-");
    expect([headers.get("x-content-type-options"), headers.get("cache-control"), headers.get("x-powered-by")]).toEqual([
      "nosniff",
      "no-store",
      null,
    ]);
  });

  test("passes the id of a request on, where it is one", async () => {
    expect((await to.call("GET", "/healthz", { headers: { "x-request-id": "abc-1" } })).headers.get("x-request-id")).toBe("abc-1");
    expect((await to.call("GET", "/healthz", { headers: { "x-request-id": "a b" } })).headers.get("x-request-id")).not.toBe("a b");
  });

  test("is not ready without nodes, says so to who submits, and is ready when there are", async () => {
    await using own = cluster();
    const caller = await Caller.of(await own.gateway({ ORGTREE_CALL_MS: "200" }));
    expect(await caller.call("GET", "/readyz")).toMatchObject({
      status: 503,
      body: { detail: expect.stringContaining("no desk answers") as string },
    });
    const refused = await caller.call("POST", "/v1/jobs", { body: { ...echo, id: "x" } });
    expect(refused).toMatchObject({ status: 503, body: { type: "urn:orgtree:problem:unavailable" } });
    expect(refused.headers.get("retry-after")).toBe("2");
    await own.host();
    await vi.waitFor(async () => expect((await caller.call("GET", "/readyz")).status).toBe(200), { timeout: 10_000 });
  });

  test("that closes ends its streams, which go on at another one, and takes nothing new", async () => {
    const gateway = await shared.gateway();
    const caller = await Caller.of(gateway);
    const id = newId();
    await caller.call("POST", "/v1/jobs", { body: { ...run, id } });
    const call = await shared.nextCall();
    const events = caller.events(id);
    const { id: after } = await next(events, "news");
    const closing = gateway.close();
    const left = await rest(events);
    expect(left.filter(({ type }) => type !== "news")).toEqual([]);
    await closing;
    await expect(caller.call("GET", "/healthz")).rejects.toThrow("fetch failed");
    const going = to.events(id, { after: left.at(-1)?.id ?? after! });
    call.let();
    (await shared.nextCall()).let();
    expect((await rest(going)).at(-1)).toMatchObject({ type: "end", data: { status: "done" } });
  });
});

describe("the document", () => {
  test("is one of OpenAPI 3.1", async () => {
    const { body } = await to.call("GET", "/openapi.json");
    const { valid, errors } = await new Validator().validate(structuredClone(body) as Record<string, unknown>);
    expect(errors ?? []).toEqual([]);
    expect(valid).toBe(true);
  });

  test("has every operation, and each was seen to do what it says", async () => {
    for (const path of ["/readyz", "/v1/jobs"]) expect((await to.call("GET", path)).status).toBe(200);
    const done = new Set([...to.document.seen].filter((each) => / 2\d\d$/.test(each)).map((each) => each.split(" ")[0]));
    expect(to.document.operations.filter((operation) => !done.has(operation))).toEqual([]);
  });
});
