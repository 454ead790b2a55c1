import { type FinishReason, ModelError, type ModelRequest, type ModelResponse, type ModelUsage } from "@orgtree/core";

import { checkAnswer } from "../answer-check.ts";
import { type ChatDraft, type Fields, isFields } from "./chat-stream.ts";
import { costOf, type ModelPrices } from "../prices.ts";
import { defaultMaxOutputTokens, estimateInputTokens, estimateTokens } from "../token-estimate.ts";

/** An answer, and whether its usage is our estimate because the server did not count. */
export interface ChatAnswer {
  readonly response: ModelResponse;
  readonly isUsageEstimated: boolean;
}

/**
 * The answer that a draft amounts to.
 *
 * Throws `ModelError`: network if the stream ended before its finish reason, refusal, context-overflow if there was no room
 * for a single token of answer, invalid-output as `checkAnswer`.
 */
export function finishChat(
  draft: ChatDraft,
  request: ModelRequest,
  client: { readonly model: string; readonly prices?: ModelPrices | undefined },
): ChatAnswer {
  checkWhole(draft);
  const counted = countUsage(draft.usage);
  const usage = counted ?? estimateUsage(draft, request);
  checkRoom(draft, request, usage);
  const finishReason = decideFinishReason(draft);
  const toolCalls = draft.toolCalls.map(({ id, name, argumentsJson }) => {
    // A tool without parameters: some servers send no arguments at all. After a cut the text may be missing instead.
    return { id, name, argumentsJson: argumentsJson.trim() === "" && finishReason !== "length" ? "{}" : argumentsJson };
  });
  const response = checkAnswer(request, {
    content: draft.content,
    toolCalls,
    finishReason,
    usage,
    model: draft.model ?? request.model ?? client.model,
    id: draft.id,
    usd: costOf(usage, client.prices),
  });
  return { response, isUsageEstimated: counted === undefined };
}

function checkWhole({ finishReason, refusal, content, toolCalls }: ChatDraft): void {
  if (finishReason === undefined) {
    const heard = content === "" && toolCalls.length === 0 ? "nothing of it came" : `it broke off after ${content.length} characters`;
    throw new ModelError("network", `the model server ended the answer before it was whole: ${heard}; ask again`);
  }
  if (refusal !== "") throw new ModelError("refusal", `the model refuses: ${refusal.slice(0, 300)}; reword the request`);
  if (finishReason === "content_filter") {
    throw new ModelError("refusal", "the answer was withheld by the content filter; reword the request");
  }
}

/**
 * An answer that reached its length while it is still empty: either thoughts took all the tokens it was allowed, which a
 * higher limit cures, or there was no room left in the context, which only a shorter request does.
 */
function checkRoom(draft: ChatDraft, request: ModelRequest, usage: ModelUsage): void {
  if (draft.finishReason !== "length" || draft.content !== "" || draft.toolCalls.length > 0) return;
  const allowed = request.maxOutputTokens ?? defaultMaxOutputTokens;
  if (usage.outputTokens >= allowed) {
    throw new ModelError("invalid-output", `all ${allowed} tokens of the answer went into thinking; raise maxOutputTokens`);
  }
  const problem = `the request of ${usage.inputTokens} tokens leaves no room for an answer; shorten it`;
  // The server took the request and read it: whoever counts must not take this for a refusal at the door.
  throw new ModelError("context-overflow", problem, { status: 200 });
}

function decideFinishReason({ finishReason, toolCalls }: ChatDraft): FinishReason {
  if (finishReason === "length") return "length";
  // Several servers say "stop" beside tool calls: what is there counts, not what is said.
  return toolCalls.length > 0 ? "tool-calls" : "stop";
}

function countUsage(usage: Fields | undefined): ModelUsage | undefined {
  const inputTokens = count(usage?.["prompt_tokens"]);
  // No request is empty: zero means that the server does not count.
  if (!usage || inputTokens === 0) return undefined;
  const input = usage["prompt_tokens_details"];
  const output = usage["completion_tokens_details"];
  return {
    inputTokens,
    outputTokens: count(usage["completion_tokens"]),
    cachedInputTokens: Math.min(inputTokens, isFields(input) ? count(input["cached_tokens"]) : 0),
    reasoningTokens: isFields(output) ? count(output["reasoning_tokens"]) : 0,
  };
}

function estimateUsage(draft: ChatDraft, request: ModelRequest): ModelUsage {
  const reasoningTokens = estimateTokens(draft.reasoning);
  const calls = draft.toolCalls.map((call) => call.name + call.argumentsJson).join("");
  return {
    inputTokens: estimateInputTokens(request),
    outputTokens: estimateTokens(draft.content + calls) + reasoningTokens,
    cachedInputTokens: 0,
    reasoningTokens,
  };
}

function count(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) && value > 0 ? Math.ceil(value) : 0;
}
