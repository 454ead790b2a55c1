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

/**
 * The conversation as a model accepts it, also where its last answer was recorded only in part: words that break off are left out, a call
 * without a result is answered with that, and a result without its call is dropped. A whole one is given back as it is.
 */
export function mendConversation(messages: readonly ModelMessage[]): readonly ModelMessage[] {
  const mended: ModelMessage[] = [];
  let isWhole = true;
  for (let at = 0; at < messages.length; at++) {
    const message = messages[at]!;
    if (message.role === "tool") {
      isWhole = false; // Those that belong to a call were taken with it.
      continue;
    }
    if (message.role !== "assistant") {
      mended.push(message);
      continue;
    }
    const results = resultsAfter(messages, at);
    const calls = message.toolCalls ?? [];
    const isLast = at + results.length === messages.length - 1;
    at += results.length;
    if (isLast && results.length === 0) {
      isWhole = false; // Nobody asks again on top of an answer: what came after it, or the rest of it, is lost.
      continue;
    }
    const answers = calls.map(({ id }) => results.find(({ toolCallId }) => toolCallId === id) ?? lostResult(id));
    isWhole &&= answers.length === results.length && answers.every((answer, place) => answer === results[place]);
    mended.push(message, ...answers);
  }
  return isWhole ? messages : mended;
}

type ToolMessage = Extract<ModelMessage, { role: "tool" }>;

function resultsAfter(messages: readonly ModelMessage[], at: number): readonly ToolMessage[] {
  const results: ToolMessage[] = [];
  for (let next = messages[at + 1]; next?.role === "tool"; next = messages[at + 1 + results.length]) results.push(next);
  return results;
}

function lostResult(toolCallId: string): ToolMessage {
  return { role: "tool", toolCallId, content: "(no result: what came of this call was lost; look before you call it again)" };
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
