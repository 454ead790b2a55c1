import type { ModelMessage } from "@orgtree/core";
import { describe, expect, test } from "vitest";
import { mendConversation } from "./conversation.ts";

const asked: readonly ModelMessage[] = [
  { role: "system", content: "You are worker." },
  { role: "user", content: "Mend it." },
];
const call = (id: string) => ({ id, name: "look", argumentsJson: "{}" });
const answer = (...ids: string[]): ModelMessage => ({ role: "assistant", content: "", toolCalls: ids.map(call) });
const result = (toolCallId: string): ModelMessage => ({ role: "tool", toolCallId, content: `result of ${toolCallId}` });
const lost = (toolCallId: string): ModelMessage => ({
  role: "tool",
  toolCallId,
  content: expect.stringContaining("no result") as string,
});

describe("mendConversation", () => {
  test.each([
    { what: "the beginning", messages: asked },
    { what: "answered calls", messages: [...asked, answer("a", "b"), result("a"), result("b")] },
    { what: "words that were answered", messages: [...asked, { role: "assistant", content: "It is do" } as const, asked[1]!] },
    { what: "several rounds", messages: [...asked, answer("a"), result("a"), answer("b"), result("b"), asked[1]!] },
  ])("gives back what is whole: $what", ({ messages }) => {
    expect(mendConversation(messages)).toBe(messages);
  });

  test.each([
    { what: "words that break off", broken: [{ role: "assistant", content: "It is do" } as const], mended: [] },
    { what: "an answer of which only its calls were recorded", broken: [answer("a", "b")], mended: [] },
    {
      what: "a call whose result was not recorded",
      broken: [answer("a", "b"), result("a")],
      mended: [answer("a", "b"), result("a"), lost("b")],
    },
    { what: "a result without its call", broken: [result("a")], mended: [] },
    { what: "a result that belongs to another call", broken: [answer("a"), result("b")], mended: [answer("a"), lost("a")] },
    {
      what: "results in another order",
      broken: [answer("a", "b"), result("b"), result("a")],
      mended: [answer("a", "b"), result("a"), result("b")],
    },
    { what: "a call in the middle", broken: [answer("a"), asked[1]!], mended: [answer("a"), lost("a"), asked[1]!] },
  ])("mends $what", ({ broken, mended }) => {
    const whole = mendConversation([...asked, ...broken]);
    expect(whole).toEqual([...asked, ...mended]);
    expect(mendConversation(whole)).toBe(whole);
  });
});
