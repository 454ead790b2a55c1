/** Arbitrary requests to the HTTP door of a cluster. */
import { LocalServer } from "@orgtree/nats/server";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TestCluster } from "./cluster.ts";
import { Caller } from "./http.ts";

let server: LocalServer;
let cluster: TestCluster;
let to: Caller;

beforeAll(async () => {
  server = await LocalServer.start();
  cluster = new TestCluster(server, "whatever");
  await cluster.host();
  to = await Caller.of(await cluster.gateway());
});

afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]();
  await server?.stop();
});

describe("whatever is sent", () => {
  test("to submit a job, the answer is no mistake of ours", async () => {
    const fields = fc.record(
      {
        id: fc.oneof(fc.stringMatching(/^[a-z]{1,9}$/), fc.anything()),
        kind: fc.oneof(fc.constantFrom("run", "actor"), fc.anything()),
        what: fc.oneof(fc.constantFrom("echo", "lookout", "toString"), fc.string()),
        input: fc.jsonValue(),
      },
      { requiredKeys: [] },
    );
    const body = fc.oneof(fields.map(toJson), fc.jsonValue().map(toJson), fc.string(), fc.uint8Array());
    const property = fc.asyncProperty(
      body,
      fc.constantFrom("application/json", "application/json; charset=x", "text/plain"),
      async (raw, type) => {
        const sent = typeof raw === "string" ? raw : new Uint8Array(raw);
        const { status } = await to.call("POST", "/v1/jobs", { raw: sent, headers: { "content-type": type } });
        expect(status).toBeLessThan(500);
      },
    );
    await fc.assert(property, { numRuns: 100 });
  });

  test("in a path, a query or a header, the answer is no mistake of ours", async () => {
    const text = fc.oneof(fc.string(), fc.string({ unit: "binary" })).map((each) => encodeURIComponent(each.toWellFormed()));
    const path = fc.oneof(
      text.map((id) => `/v1/jobs/${id}`),
      text.map((cursor) => `/v1/jobs?cursor=${cursor}`),
      fc
        .tuple(fc.constantFrom("limit", "status", "cursor", "__proto__"), text)
        .map(([name, value]) => `/v1/jobs?${name}=${value}&${name}=2`),
      text.map((after) => `/v1/jobs/nobody/events?after=${after}`),
    );
    const header = fc.stringMatching(/^[!-~]{0,20}$/);
    const property = fc.asyncProperty(path, header, fc.constantFrom("GET", "DELETE"), async (where, value, method) => {
      const headers = { "last-event-id": value, "idempotency-key": value, "x-request-id": value };
      const { status } = await to.call(method, where, { headers });
      expect(status).toBeLessThan(500);
    });
    await fc.assert(property, { numRuns: 80 });
  });
});

function toJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? "null";
  } catch {
    return "{";
  }
}
