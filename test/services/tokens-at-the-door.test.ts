/** Who may come into a cluster through its HTTP door, and what he sees of it. */
import { LocalServer } from "@orgtree/nats/server";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { tenant, TestCluster } from "./cluster.ts";
import { Caller } from "./http.ts";

let server: LocalServer;
let cluster: TestCluster;
let to: Caller;
let made = 0;

const echo = { kind: "actor", what: "echo" };

beforeAll(async () => {
  server = await LocalServer.start();
  cluster = new TestCluster(server, "tokens");
  await cluster.host();
  to = await Caller.of(await cluster.gateway());
});

afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]();
  await server?.stop();
});

const newId = (): string => `job-${made++}`;

describe("who has no token", () => {
  test.each([
    { what: "no header", headers: {} },
    { what: "another scheme", headers: { authorization: "Basic YTpi" } },
    { what: "a token of nobody", headers: { authorization: "Bearer nobody-secret-0123456789" } },
  ])("is not let in with $what", async ({ headers }) => {
    const { status, body, headers: sent } = await to.call("GET", "/v1/jobs", { token: null, headers: headers as Record<string, string> });
    expect([status, body]).toMatchObject([401, { type: "urn:orgtree:problem:unauthorized" }]);
    expect(sent.get("www-authenticate")).toMatch(/^Bearer realm="orgtree"/);
  });

  test("is told how the gateway is, and what it serves", async () => {
    expect((await to.call("GET", "/healthz", { token: null })).body).toEqual({ status: "ok" });
    expect((await to.call("GET", "/readyz", { token: null })).body).toEqual({ status: "ready" });
    expect((await to.call("GET", "/openapi.json", { token: null })).status).toBe(200);
    expect((await to.call("GET", "/metrics", { token: null })).status).toBe(401);
  });
});

describe("a tenant", () => {
  test("has its own jobs, and sees no others", async () => {
    const own = `acme-${newId()}`;
    const foreign = newId();
    await to.call("POST", "/v1/jobs", { body: { ...echo, id: foreign } });
    expect((await to.call("POST", "/v1/jobs", { token: tenant, body: { ...echo, id: own } })).status).toBe(201);
    expect(await to.call("POST", "/v1/jobs", { token: tenant, body: { ...echo, id: foreign } })).toMatchObject({
      status: 403,
      body: { detail: "the ids of acme begin with acme-; choose such a one" },
    });
    for (const [method, path] of [
      ["GET", ""],
      ["DELETE", ""],
      ["GET", "/events"],
    ] as const)
      expect((await to.call(method, `/v1/jobs/${foreign}${path}`, { token: tenant })).status).toBe(404);
    const { jobs } = (await to.call("GET", "/v1/jobs", { token: tenant })).body as { jobs: { id: string }[] };
    expect(jobs.map(({ id }) => id)).toEqual([own]);
    expect((await to.call("GET", "/metrics", { token: tenant })).status).toBe(403);
  });

  test("has no command run on the nodes", async () => {
    const body = { id: "acme-x", what: "lookout", input: { task: "Mend it.", repository: { repo: "/srv/x", check: "make test" } } };
    expect((await to.call("POST", "/v1/jobs", { token: tenant, body })).status).toBe(403);
  });
});
