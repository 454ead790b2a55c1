import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { type ModelClient, ModelError, type ModelErrorKind, type ModelRequest } from "@orgtree/core";
import { describe, expect, test, vi } from "vitest";

import { makeFakeClock } from "../../test-support/fake-clock.ts";
import { type ContractAnswer, modelContract } from "../../test-support/model-contract.ts";
import {
  type ChatReply,
  cutAfter,
  delayed,
  failure,
  inPiecesOf,
  json,
  rawStream,
  silence,
  stallAfter,
  startChatServer,
  streamedDeltas,
  streamedText,
  streamedToolCalls,
  wholeAnswer,
} from "../testing/index.ts";
import { openaiModel, type OpenaiModelOptions } from "./openai-model.ts";

const apiKey = "sk-very-secret";
const request: ModelRequest = { messages: [{ role: "user", content: "When is the tide?" }] };

async function startModel(replies: readonly ChatReply[], options: Partial<OpenaiModelOptions> = {}) {
  const server = await startChatServer({ replies });
  const clock = makeFakeClock();
  const model = openaiModel({
    apiKey,
    baseURL: server.url,
    model: "test-model",
    maxRetries: 0,
    clock,
    random: { next: () => 0 },
    ...options,
  });
  return { model, server, clock, [Symbol.asyncDispose]: () => server.close() };
}

async function failureOf(replies: readonly ChatReply[], options: Partial<OpenaiModelOptions> = {}): Promise<ModelError> {
  await using setting = await startModel(replies, options);
  return await errorOf(setting.model, request);
}

async function errorOf(model: ModelClient, asked: ModelRequest): Promise<ModelError> {
  const thrown: unknown = await model.complete(asked).catch((error: unknown) => error);
  if (!(thrown instanceof ModelError)) throw new Error("no ModelError", { cause: thrown });
  return thrown;
}

function captureLog() {
  const lines: string[] = [];
  const write = (_facts: object, message: string) => void lines.push(message);
  return { lines, debug: write, info: write, warn: write, error: write };
}

modelContract("openai", async (calls) => {
  const { model, server, ...rest } = await startModel(calls.map(({ answer }) => toReply(answer)));
  return { ...rest, client: model, waiting: () => server.received(1) };
});

function toReply(answer: ContractAnswer): ChatReply {
  if ("text" in answer) return streamedText(answer.text);
  if ("toolCalls" in answer) return streamedToolCalls(answer.toolCalls.map((call, index) => ({ id: `call_${index}`, ...call })));
  if ("hangs" in answer) return silence();
  const replies: Record<ModelErrorKind, ChatReply> = {
    "rate-limit": failure(429),
    refusal: streamedDeltas([{ refusal: "I will " }, { refusal: "not." }]),
    "context-overflow": failure(400, { message: "too long", code: "context_length_exceeded" }),
    "invalid-output": rawStream(['{"choices": [']),
    network: cutAfter(streamedText("At noon"), 2),
    timeout: failure(408),
    auth: failure(401),
    "bad-request": failure(404),
    server: failure(500),
  };
  return replies[answer.fails];
}

describe("openaiModel: the request", () => {
  test("speaks Chat Completions", async () => {
    await using setting = await startModel([streamedText("Done.")]);
    await setting.model.complete({
      messages: [
        { role: "system", content: "You know tides." },
        { role: "user", content: "When?", name: "ada" },
        { role: "assistant", content: "", toolCalls: [{ id: "call_1", name: "search", argumentsJson: "{}" }] },
        { role: "tool", toolCallId: "call_1", content: "noon" },
      ],
      tools: [{ name: "search", description: "Finds things.", parameters: { type: "object" } }],
      temperature: 0,
      maxOutputTokens: 100,
    });
    expect(setting.server.requests[0]?.body).toMatchInlineSnapshot(`
      {
        "max_tokens": 100,
        "messages": [
          {
            "content": "You know tides.",
            "role": "system",
          },
          {
            "content": "When?",
            "name": "ada",
            "role": "user",
          },
          {
            "content": null,
            "role": "assistant",
            "tool_calls": [
              {
                "function": {
                  "arguments": "{}",
                  "name": "search",
                },
                "id": "call_1",
                "type": "function",
              },
            ],
          },
          {
            "content": "noon",
            "role": "tool",
            "tool_call_id": "call_1",
          },
        ],
        "model": "test-model",
        "stream": true,
        "stream_options": {
          "include_usage": true,
        },
        "temperature": 0,
        "tools": [
          {
            "function": {
              "description": "Finds things.",
              "name": "search",
              "parameters": {
                "type": "object",
              },
            },
            "type": "function",
          },
        ],
      }
    `);
  });

  test("limits the answer to 4,096 tokens where the request does not say", async () => {
    await using setting = await startModel([streamedText("Done.")]);
    await setting.model.complete(request);
    expect(setting.server.requests[0]?.body["max_tokens"]).toBe(4_096);
  });

  test.each([
    { strict: true, schema: { type: "object", properties: { at: { type: "string" } }, required: ["at"], additionalProperties: false } },
    { strict: false, schema: { type: "object", properties: { at: { type: "string" } } } },
  ])("demands the schema, strict $strict where the schema allows it", async ({ strict, schema }) => {
    await using setting = await startModel([streamedText('{"at":"noon"}')]);
    await setting.model.complete({ ...request, outputSchema: { name: "tide", schema } });
    expect(setting.server.requests[0]?.body["response_format"]).toEqual({
      type: "json_schema",
      json_schema: { name: "tide", schema, strict },
    });
  });

  test("sends the key as Idempotency-Key, the same in every attempt, and the api key as bearer", async () => {
    await using setting = await startModel([failure(500), streamedText("Done.")], { maxRetries: 1 });
    const answer = setting.model.complete({ ...request, key: "run/desk/søren#3.1" });
    await setting.clock.timerOf(500);
    setting.clock.advance(500);
    await answer;
    const headers = setting.server.requests.map((sent) => sent.headers);
    expect(headers.map((header) => header["idempotency-key"])).toEqual(["run/desk/s%C3%B8ren#3.1", "run/desk/s%C3%B8ren#3.1"]);
    expect(headers[0]?.authorization).toBe(`Bearer ${apiKey}`);
  });

  test("takes nothing of the SDK's from the environment", async () => {
    vi.stubEnv("OPENAI_ORG_ID", "org-1");
    vi.stubEnv("OPENAI_PROJECT_ID", "project-1");
    try {
      await using setting = await startModel([streamedText("Done.")]);
      await setting.model.complete(request);
      expect(Object.keys(setting.server.requests[0]?.headers ?? {}).filter((name) => name.startsWith("openai-"))).toEqual([]);
    } finally {
      vi.unstubAllEnvs();
    }
  });

  test.each([
    { refused: "stream_options", message: "Unrecognized request argument supplied: stream_options" },
    { refused: "max_tokens", message: "Unsupported parameter: 'max_tokens' is not supported. Use 'max_completion_tokens' instead." },
  ])("learns once that a server does not know $refused", async ({ refused, message }) => {
    const logger = captureLog();
    await using setting = await startModel([failure(400, { message }), streamedText("One."), streamedText("Two.")], { logger });
    expect((await setting.model.complete(request)).content).toBe("One.");
    expect((await setting.model.complete(request)).content).toBe("Two.");
    expect(setting.server.requests.map((sent) => refused in sent.body)).toEqual([true, false, false]);
    expect(logger.lines).toEqual(["the model server does not know a field; asked without it"]);
  });

  test("takes a limit that is too large for what it is, not for an unknown field", async () => {
    const error = await failureOf([failure(400, { message: "max_tokens is too large: 4096; at most 2048 is supported" })]);
    expect(error.kind).toBe("bad-request");
  });

  test("refuses options out of range", () => {
    const options = { apiKey, model: "m", clock: makeFakeClock(), random: { next: () => 0 } };
    expect(() => openaiModel({ ...options, timeoutMs: 0 })).toThrow("timeoutMs: a number of at least 1, not 0");
    expect(() => openaiModel({ ...options, maxRetries: 1.5 })).toThrow("maxRetries: an integer of at least 0, not 1.5");
    expect(() => openaiModel({ ...options, prices: { inputPerMillion: -1, outputPerMillion: 1 } })).toThrow("prices.inputPerMillion");
    expect(() => openaiModel({ ...options, baseURL: "localhost" })).toThrow("baseURL: must be an absolute URL");
    expect(() => openaiModel({ ...options, baseURL: "localhost:8080" })).toThrow("baseURL: must be an absolute URL");
    expect(() => openaiModel({ ...options, apiKey: "" })).toThrow("the api key is empty");
    expect(() => openaiModel({ ...options, apiKey: undefined as never })).toThrow("the api key is empty");
    expect(() => openaiModel({ ...options, model: undefined as never })).toThrow("model: name the model");
  });

  test("refuses fields that there are not: a misspelt address would send the work elsewhere", () => {
    const options = { apiKey, model: "m", clock: makeFakeClock(), random: { next: () => 0 } };
    const misspelt = { ...options, bseURL: "http://127.0.0.1:1/v1" };
    expect(() => openaiModel(misspelt)).toThrow("openaiModel.bseURL: there is no such field; did you mean baseURL?");
    const prices = { inputPerMillion: 1, outputPerMillon: 1 } as never;
    expect(() => openaiModel({ ...options, prices })).toThrow(
      "prices.outputPerMillon: there is no such field; did you mean outputPerMillion?",
    );
  });
});

describe("openaiModel: the answer", () => {
  test("assembles text from bytes cut anywhere", async () => {
    await using setting = await startModel([inPiecesOf(7, streamedText("Ebbe und Flut: 潮の満ち引き 🌊", { pieceLength: 3 }))]);
    const heard: string[] = [];
    const { content } = await setting.model.complete(request, { onText: (delta) => heard.push(delta) });
    expect(content).toBe("Ebbe und Flut: 潮の満ち引き 🌊");
    expect(heard.join("")).toBe(content);
    expect(heard.length).toBeGreaterThan(5);
  });

  test("assembles tool calls from arguments cut anywhere", async () => {
    const calls = [
      { id: "call_a", name: "search", arguments: '{"query":"high \\"tide\\""}' },
      { id: "call_b", name: "clock", arguments: "" },
    ];
    await using setting = await startModel([inPiecesOf(11, streamedToolCalls(calls, { pieceLength: 1 }))]);
    const { toolCalls, finishReason } = await setting.model.complete(request);
    expect(finishReason).toBe("tool-calls");
    expect(toolCalls).toEqual([
      { id: "call_a", name: "search", argumentsJson: '{"query":"high \\"tide\\""}' },
      { id: "call_b", name: "clock", argumentsJson: "{}" },
    ]);
  });

  test("counts cached and reasoning tokens, and the cost with the prices", async () => {
    const usage = {
      prompt_tokens: 1_000,
      completion_tokens: 200,
      prompt_tokens_details: { cached_tokens: 600 },
      completion_tokens_details: { reasoning_tokens: 150 },
    };
    const prices = { inputPerMillion: 2, outputPerMillion: 10, cachedInputPerMillion: 0.5 };
    await using setting = await startModel([streamedText("Done.", { usage })], { prices });
    const response = await setting.model.complete(request);
    expect(response.usage).toEqual({ inputTokens: 1_000, outputTokens: 200, cachedInputTokens: 600, reasoningTokens: 150 });
    expect(response.usd).toBeCloseTo(0.0008 + 0.0003 + 0.002, 10);
    expect(response).toMatchObject({ model: "test-model", id: "chatcmpl-1" });
  });

  test("knows no cost without prices", async () => {
    await using setting = await startModel([streamedText("Done.")]);
    expect((await setting.model.complete(request)).usd).toBeUndefined();
  });

  test("estimates the usage of a server that does not count, and says so once", async () => {
    const logger = captureLog();
    const text = "It comes at noon.";
    await using setting = await startModel([streamedText(text, { usage: "none" }), streamedText(text, { usage: "none" })], { logger });
    const { usage } = await setting.model.complete(request);
    await setting.model.complete(request);
    expect(usage).toEqual({ inputTokens: 22, outputTokens: 6, cachedInputTokens: 0, reasoningTokens: 0 });
    expect(logger.lines).toEqual(["the model server does not count tokens; usage and cost are estimates"]);
  });

  test("understands a server that does not stream", async () => {
    const call = { id: "call_1", type: "function", function: { name: "search", arguments: "{}" } };
    await using setting = await startModel([
      wholeAnswer({ content: "At noon." }),
      wholeAnswer({ content: null, tool_calls: [call] }, { finishReason: "tool_calls" }),
    ]);
    const heard: string[] = [];
    const first = await setting.model.complete(request, { onText: (delta) => heard.push(delta) });
    const second = await setting.model.complete(request);
    expect(first).toMatchObject({ content: "At noon.", finishReason: "stop", usage: { inputTokens: 7, outputTokens: 3 } });
    expect(heard).toEqual(["At noon."]);
    expect(second.toolCalls).toEqual([{ id: "call_1", name: "search", argumentsJson: "{}" }]);
  });

  test("keeps a text that reached its length", async () => {
    await using setting = await startModel([streamedText("At noo", { finishReason: "length" })]);
    expect(await setting.model.complete(request)).toMatchObject({ content: "At noo", finishReason: "length" });
  });

  test.each(["cut", "stall"] as const)("keeps a whole answer whose connection ends in a %s before the usage", async (end) => {
    const last = JSON.stringify({ choices: [{ delta: { content: "At noon." }, finish_reason: "stop" }] });
    await using setting = await startModel([{ ...rawStream([last]), end }], { idleTimeoutMs: 1_000 });
    const heard = Promise.withResolvers<void>();
    const answer = setting.model.complete(request, { onText: () => heard.resolve() });
    await heard.promise;
    if (end === "stall") setting.clock.advance(1_000);
    expect((await answer).content).toBe("At noon.");
    expect(setting.clock.pending).toBe(0);
  });
});

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

describe("openaiModel: time", () => {
  test("times out when the first byte is late", async () => {
    await using setting = await startModel([silence()], { timeoutMs: 5_000 });
    const error = errorOf(setting.model, request);
    const { aborted } = await setting.server.received(1);
    setting.clock.advance(5_000);
    expect((await error).message).toBe("no whole answer within 5000 ms; raise timeoutMs, or ask for less with maxOutputTokens");
    expect((await error).kind).toBe("timeout");
    await aborted;
    expect(setting.clock.pending).toBe(0);
  });

  test("waits for a first byte that is slow but in time", async () => {
    const gate = Promise.withResolvers<void>();
    await using setting = await startModel([delayed(streamedText("At noon."), gate.promise)], { timeoutMs: 5_000 });
    const answer = setting.model.complete(request);
    await setting.server.received(1);
    setting.clock.advance(4_999);
    gate.resolve();
    expect((await answer).content).toBe("At noon.");
    expect(setting.clock.pending).toBe(0);
  });

  test("times out when the stream falls silent, counted from the last chunk", async () => {
    await using setting = await startModel([stallAfter(streamedText("At noon."), 2)], { idleTimeoutMs: 1_000 });
    const heard = Promise.withResolvers<void>();
    let isSettled = false;
    const answer = setting.model.complete(request, { onText: () => heard.resolve() }).finally(() => (isSettled = true));
    const failed = expect(answer).rejects.toMatchObject({ kind: "timeout", message: expect.stringMatching(/silent for 1000 ms/) });
    await setting.server.received(1);
    setting.clock.advance(900);
    await heard.promise;
    setting.clock.advance(900);
    expect(isSettled).toBe(false);
    setting.clock.advance(100);
    await failed;
    await setting.server.requests[0]?.aborted;
    expect(setting.clock.pending).toBe(0);
  });

  test.each([
    { where: "before the headers", reply: silence() },
    { where: "in an error's body", reply: { ...failure(500), pieces: ["{"], end: "stall" as const } },
    { where: "in a whole answer's body", reply: { ...wholeAnswer({ content: "x" }), pieces: ["{"], end: "stall" as const } },
  ])("closes the connection when the caller aborts $where", async ({ reply }) => {
    await using setting = await startModel([reply]);
    const controller = new AbortController();
    const answer = setting.model.complete(request, { signal: controller.signal });
    const { aborted } = await setting.server.received(1);
    const reason = new Error("stop");
    controller.abort(reason);
    await expect(answer).rejects.toBe(reason);
    await aborted;
    expect(setting.clock.pending).toBe(0);
  });

  test("closes the connection when the caller aborts in mid-stream, even from within onText", async () => {
    await using setting = await startModel([stallAfter(streamedText("At noon."), 2)]);
    const controller = new AbortController();
    const reason = new Error("heard enough");
    const answer = setting.model.complete(request, { signal: controller.signal, onText: () => controller.abort(reason) });
    await expect(answer).rejects.toBe(reason);
    await setting.server.requests[0]?.aborted;
    expect(setting.clock.pending).toBe(0);
  });

  test("leaves no timer behind that would keep the process alive, whatever happened", async () => {
    const probe = new URL("../../test-support/open-resources.ts", import.meta.url);
    const { stdout } = await promisify(execFile)(process.execPath, ["--conditions=@orgtree/source", fileURLToPath(probe)], {
      timeout: 20_000,
    });
    expect(JSON.parse(stdout)).toEqual({ calls: 6, timers: [], pending: 0 });
  });

  test("tries again what may succeed: 500, then a cut, then the answer", async () => {
    const onRetry = vi.fn<NonNullable<OpenaiModelOptions["onRetry"]>>();
    const replies = [failure(500), cutAfter(streamedText("At noon"), 2), streamedText("At noon.")];
    await using setting = await startModel(replies, { maxRetries: 2, onRetry });
    const heard: string[] = [];
    const answer = setting.model.complete(request, { onText: (delta) => heard.push(delta) });
    for (const delayMs of [500, 1_000]) {
      await setting.clock.timerOf(delayMs);
      setting.clock.advance(delayMs);
    }
    expect((await answer).content).toBe("At noon.");
    expect(heard).toEqual(["At"]);
    expect(onRetry.mock.calls.map(([{ attempt, delayMs, error }]) => [attempt, delayMs, error.kind])).toEqual([
      [1, 500, "server"],
      [2, 1_000, "network"],
    ]);
    expect(setting.clock.pending).toBe(0);
  });

  test("does not try again what cannot succeed", async () => {
    await using setting = await startModel([failure(400, { message: "no" })], { maxRetries: 2 });
    expect((await errorOf(setting.model, request)).kind).toBe("bad-request");
    expect(setting.server.requests).toHaveLength(1);
  });
});
