import { describe, expect, test } from "vitest";

import { worstCaseOf } from "./prices.ts";
import { estimateInputTokens, estimateTokens } from "./token-estimate.ts";

describe("estimateTokens", () => {
  // The counts are those of OpenAI's tokenizer o200k.
  test.each([
    { text: "", counted: 0 },
    { text: "The tide comes in twice a day, a little later each time.", counted: 14 },
    { text: "const tides = days.flatMap((day) => day.tides);", counted: 14 },
    { text: "潮の満ち引きは一日に二回ある。", counted: 13 },
  ])("is no less than the tokens of $text", ({ text, counted }) => {
    expect(estimateTokens(text)).toBeGreaterThanOrEqual(counted);
    expect(estimateTokens(text)).toBeLessThanOrEqual(counted * 2);
  });
});

describe("worstCaseOf", () => {
  test("counts messages, tool calls, tools and schema, and the longest answer", () => {
    const plain = { messages: [{ role: "user", content: "When?" }] } as const;
    const tool = { name: "search", description: "Finds things.", parameters: { type: "object" } };
    const call = { id: "call_1", name: "search", argumentsJson: "{}" };
    const larger = [
      { ...plain, tools: [tool] },
      { ...plain, outputSchema: { name: "tide", schema: { type: "object" } } },
      { messages: [...plain.messages, { role: "assistant", content: "", toolCalls: [call] } as const] },
    ];
    for (const request of larger) expect(estimateInputTokens(request)).toBeGreaterThan(estimateInputTokens(plain));
    expect(worstCaseOf(plain)).toEqual({ tokens: estimateInputTokens(plain) + 4_096, usd: 0 });
    expect(worstCaseOf({ ...plain, maxOutputTokens: 100 }, { inputPerMillion: 0, outputPerMillion: 5 }).usd).toBeCloseTo(0.0005, 10);
  });
});
