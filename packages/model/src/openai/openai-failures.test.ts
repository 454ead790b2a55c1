import { describe, expect, test } from "vitest";
import { apiKey, errorOf, failureOf, request, startModel } from "../../test-support/openai-setting.ts";
import { cutAfter, failure, json, rawStream, stallAfter, streamedText, streamedToolCalls } from "../testing/index.ts";

describe("openaiModel: failures", () => {
  test.each([
    { headers: { "retry-after": "2" }, retryAfterMs: 2_000 },
    { headers: { "retry-after": "0.5" }, retryAfterMs: 500 },
    { headers: { "retry-after": "Thu, 01 Jan 2026 00:00:07 GMT" }, retryAfterMs: 7_000 },
    { headers: { "retry-after": "Wed, 31 Dec 2025 23:00:00 GMT" }, retryAfterMs: 0 },
    { headers: { "retry-after-ms": "1250", "retry-after": "2" }, retryAfterMs: 1_250 },
    { headers: { "retry-after": "soon" }, retryAfterMs: undefined },
    { headers: {}, retryAfterMs: undefined },
  ])("understands $headers of a rate limit", async ({ headers, retryAfterMs }) => {
    const error = await failureOf([failure(429, { message: "Slow down." }, headers)]);
    expect(error).toMatchObject({ kind: "rate-limit", status: 429, retryAfterMs, retryable: true });
  });

  test.each([
    { status: 401, error: { message: "Incorrect API key" }, kind: "auth" },
    { status: 403, error: { message: "Not your model" }, kind: "auth" },
    { status: 402, error: { message: "Pay first" }, kind: "auth" },
    { status: 429, error: { message: "You exceeded your current quota", code: "insufficient_quota" }, kind: "auth" },
    { status: 400, error: { message: "Bad schema" }, kind: "bad-request" },
    { status: 404, error: { message: "No such model" }, kind: "bad-request" },
    { status: 422, error: { message: "Unprocessable" }, kind: "bad-request" },
    { status: 400, error: { message: "Withheld", code: "content_filter" }, kind: "refusal" },
    { status: 400, error: { message: "Too long", code: "context_length_exceeded" }, kind: "context-overflow" },
    { status: 400, error: { message: "This model's maximum context length is 8192 tokens." }, kind: "context-overflow" },
    { status: 413, error: { message: "Request too large" }, kind: "context-overflow" },
    { status: 408, error: { message: "Too slow" }, kind: "timeout" },
    { status: 409, error: { message: "Still working on that key" }, kind: "server" },
    { status: 500, error: { message: "Oops" }, kind: "server" },
    { status: 503, error: { message: "Busy" }, kind: "server" },
    { status: 504, error: { message: "Upstream is slow" }, kind: "timeout" },
  ])("takes $status $error for $kind", async ({ status, error, kind }) => {
    const found = await failureOf([failure(status, error)]);
    expect(found).toMatchObject({ kind, status });
    expect(found.message).toContain(`answered with ${status}: ${error.message}`);
  });

  test.each([
    { what: "FastAPI's", body: { detail: [{ loc: ["body"], msg: "prompt is too long" }] } },
    { what: "older vLLM's", body: { object: "error", message: "maximum context length is 8192", code: 400 } },
    { what: "Gemini's", body: [{ error: { code: 400, message: "The input token count exceeds the maximum" } }] },
    { what: "a plain text's", body: { error: "context window exceeded" } },
  ])("finds the words in $what form of an error", async ({ body }) => {
    expect((await failureOf([json(400, body)])).kind).toBe("context-overflow");
  });

  test.each([
    { what: "an error in the stream", replies: rawStream(['{"error":{"message":"overloaded","type":"server_error"}}']), kind: "server" },
    { what: "a status in the stream", replies: rawStream(['{"error":{"message":"slow down","code":429}}']), kind: "rate-limit" },
    { what: "an error with status 200", replies: json(200, { error: { message: "overloaded" } }), kind: "server" },
    { what: "a chunk that is no object", replies: rawStream(["5"]), kind: "invalid-output" },
    { what: "a malformed whole answer", replies: { ...json(200, 0), pieces: ['{"choices": ['] }, kind: "invalid-output" },
    { what: "an empty stream", replies: rawStream([]), kind: "network" },
    { what: "an empty whole answer", replies: { ...json(200, 0), pieces: [] }, kind: "network" },
    { what: "no content at all", replies: { ...json(204, 0), pieces: [], headers: {} }, kind: "network" },
    { what: "an end without a finish reason", replies: rawStream(['{"choices":[{"delta":{"content":"At"}}]}', "[DONE]"]), kind: "network" },
    { what: "a connection cut before the headers", replies: cutAfter(streamedText("x"), 0), kind: "network" },
    { what: "a content filter", replies: streamedText("At no", { finishReason: "content_filter" }), kind: "refusal" },
    {
      what: "an answer spent on thinking",
      replies: streamedText("", { finishReason: "length", usage: { prompt_tokens: 7, completion_tokens: 4_096 } }),
      kind: "invalid-output",
    },
    {
      what: "no room for an answer",
      replies: streamedText("", { finishReason: "length", usage: { prompt_tokens: 8_192, completion_tokens: 0 } }),
      kind: "context-overflow",
    },
    {
      what: "tool arguments cut by the length",
      replies: streamedToolCalls([{ id: "c", name: "search", arguments: '{"que' }], { finishReason: "length" }),
      kind: "invalid-output",
    },
  ])("takes $what for $kind", async ({ replies, kind }) => {
    expect((await failureOf([replies])).kind).toBe(kind);
  });

  test.each([
    { what: "a code in the stream", replies: rawStream(['{"error":{"message":"slow down","code":429}}']) },
    {
      what: "no room for an answer",
      replies: streamedText("", { finishReason: "length", usage: { prompt_tokens: 8, completion_tokens: 0 } }),
    },
  ])("gives $what the status with which the server took the request", async ({ replies }) => {
    expect((await failureOf([replies])).status).toBe(200);
  });

  test("names the server that cannot be reached", async () => {
    await using setting = await startModel([]);
    await setting.server.close();
    const error = await errorOf(setting.model, request);
    expect(error.kind).toBe("network");
    expect(error.message).toMatch(/^connection to http:\/\/127\.0\.0\.1:\d+ failed: connect ECONNREFUSED .*; check baseURL/);
  });

  test("cuts the api key out of what a server says, causes included", async () => {
    const error = await failureOf([failure(401, { message: `Incorrect API key provided: ${apiKey}.` })]);
    expect(error.message).toContain("provided: [api key].");
    expect(error.cause).toBeUndefined();
  });

  test("throws what onText throws, as it is, and closes the connection", async () => {
    await using setting = await startModel([stallAfter(streamedText("At noon."), 2)]);
    const mine = new TypeError("mine");
    const answer = setting.model.complete(request, {
      onText() {
        throw mine;
      },
    });
    await expect(answer).rejects.toBe(mine);
    await setting.server.requests[0]?.aborted;
    expect(setting.clock.pending).toBe(0);
  });
});
