import { describe, expect, test } from "vitest";
import { captureLog, request, startModel } from "../../test-support/openai-setting.ts";
import { inPiecesOf, rawStream, streamedText, streamedToolCalls, wholeAnswer } from "../testing/index.ts";

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
