import { describe, expect, test, vi } from "vitest";
import { makeFakeClock } from "../../test-support/fake-clock.ts";
import { apiKey, captureLog, failureOf, request, startModel } from "../../test-support/openai-setting.ts";
import { failure, streamedText } from "../testing/index.ts";
import { openaiModel } from "./openai-model.ts";

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
