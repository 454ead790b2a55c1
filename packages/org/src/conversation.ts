import type { ModelMessage, ModelResponse } from "@orgtree/core";
import { describeCriteria } from "./contract.ts";
import type { Assignment } from "./assignment.ts";
import type { ToolResult } from "./tool-box.ts";
import type { AgentWorld } from "./world.ts";

/** Characters of conversation sent to a model before old tool results are left out: about 60,000 tokens. */
const maxConversationLength = 240_000;

/** The opening of a conversation: who the agent is, and what it has to do. */
export function openConversation(world: AgentWorld, instructions: string, assignment: Assignment): ModelMessage[] {
  const { name, charter, checker } = world;
  const rules = charter.rules.length === 0 ? "" : `\nRules you have to keep:\n${charter.rules.map((rule) => `- ${rule}`).join("\n")}`;
  const contract = checker === undefined ? "" : `\nThe work is done when all of this holds:\n${describeCriteria(checker.criteria)}`;
  const system = `You are ${name}. ${charter.purpose}\n${instructions}${rules}${contract}`;
  const material = assignment.material === undefined ? "" : `\n\nWhat you can build on:\n${assignment.material}`;
  const briefing =
    assignment.briefing.length === 0 ? "" : `\n\nWhat happened before:\n${assignment.briefing.map((line) => `- ${line}`).join("\n")}`;
  return [
    { role: "system", content: system },
    { role: "user", content: `${assignment.goal}${material}${briefing}` },
  ];
}

/** The conversation after the model's answer. */
export function withAnswer(messages: readonly ModelMessage[], response: ModelResponse): ModelMessage[] {
  const { content, toolCalls } = response;
  return [...messages, toolCalls.length === 0 ? { role: "assistant", content } : { role: "assistant", content, toolCalls }];
}

/** The conversation after the tools ran; every call is answered, or the next request would be malformed. */
export function withResults(messages: readonly ModelMessage[], results: readonly Pick<ToolResult, "callId" | "outcome">[]): ModelMessage[] {
  return [...messages, ...results.map(({ callId, outcome }): ModelMessage => ({ role: "tool", toolCallId: callId, content: outcome }))];
}

/** The conversation as it is sent: when it is too long, the oldest tool results are left out first. */
export function fitConversation(messages: readonly ModelMessage[]): readonly ModelMessage[] {
  let excess = messages.reduce((sum, { content }) => sum + content.length, 0) - maxConversationLength;
  if (excess <= 0) return messages;
  return messages.map((message) => {
    if (excess <= 0 || message.role !== "tool" || message.content.length < 200) return message;
    excess -= message.content.length;
    return { ...message, content: "(an old result, left out; call the tool again if you need it)" };
  });
}
