import type { ModelResponse, ToolCall } from "@orgtree/core";
import { describe, expect, test } from "vitest";
import { afterAnswer, afterTools, idleState, type AgentState } from "./agent-turn.ts";
import { accepted, malformed, structuredDeliverable, textDeliverable, unfounded, type Deliverable } from "./deliverable.ts";

const record = { check: () => undefined };
const form = structuredDeliverable("Hand in.", {}, (value) =>
  value === "good" ? accepted(value) : value === "false" ? unfounded("it did not happen") : malformed("the shape"),
);

const call = (name: string, argument: unknown = {}): ToolCall => ({ id: `call-${name}`, name, argumentsJson: JSON.stringify(argument) });
function answer(content: string, ...toolCalls: readonly ToolCall[]): ModelResponse {
  return {
    content,
    toolCalls,
    finishReason: "stop",
    usage: { inputTokens: 1, outputTokens: 1, cachedInputTokens: 0, reasoningTokens: 0 },
    model: "m",
  };
}
function step(response: ModelResponse, deliverable: Deliverable = form, state: AgentState = idleState): AgentState {
  return afterAnswer(state, response, { deliverable, record });
}

describe("afterAnswer", () => {
  test.each([
    { what: "tool calls are carried out", response: answer("", call("look")), step: { kind: "act", calls: [call("look")] } },
    {
      what: "a hand-in beside other calls waits for them",
      response: answer("", call("deliver", "good"), call("look")),
      step: { kind: "act" },
    },
    { what: "a good hand-in is delivered", response: answer("", call("deliver", "good")), step: { kind: "deliver", value: "good" } },
    { what: "a false one ends the agent", response: answer("", call("deliver", "false")), step: { kind: "end", end: "unfounded" } },
    { what: "a malformed one is asked for again", response: answer("", call("deliver", "bad")), step: { kind: "ask" } },
    { what: "mere words are no hand-in", response: answer("It is done."), step: { kind: "ask" } },
  ])("$what", ({ response, step: expected }) => {
    expect(step(response).step).toMatchObject(expected);
  });

  test("takes plain text where that is what is handed in", () => {
    expect(step(answer("The sea is wide."), textDeliverable).step).toEqual({ kind: "deliver", value: "The sea is wide." });
  });

  test("ends the agent after a bounded number of answers that cannot be used", () => {
    let state = idleState;
    for (let round = 0; round < 3; round++) expect((state = step(answer("Hm."), form, state)).step.kind).toBe("ask");
    expect(step(answer("Hm."), form, state).step).toMatchObject({
      kind: "end",
      end: "incoherent",
      reason: expect.stringContaining("4 answers"),
    });
  });
});

describe("afterTools", () => {
  const acting = step(answer("", call("look"), call("deliver", "good")));
  const result = { callId: "call-look", name: "look", arguments: "{}", key: "k", ok: true, changes: false, outcome: "nothing" };

  test("answers every call, a hand-in that came too early as well", () => {
    const { messages, step: next } = afterTools(acting, [result], { kind: "none" });
    expect(messages.slice(-2)).toMatchObject([
      { role: "tool", toolCallId: "call-look" },
      { role: "tool", toolCallId: "call-deliver", content: expect.stringContaining("Not taken") },
    ]);
    expect(next).toEqual({ kind: "ask" });
  });

  test.each([
    { repetition: { kind: "nudge", what: "look() 2 times" } as const, expected: { kind: "ask" } },
    { repetition: { kind: "loop", what: "look() 4 times" } as const, expected: { kind: "end", end: "looping", reason: "look() 4 times" } },
  ])("goes by the rule on a $repetition.kind", ({ repetition, expected }) => {
    expect(afterTools(acting, [result], repetition).step).toEqual(expected);
  });

  test("ends the agent when it has asked as often as it may", () => {
    expect(afterTools({ ...acting, modelCalls: 40 }, [result], { kind: "none" }).step).toMatchObject({ kind: "end", end: "stuck" });
  });
});
