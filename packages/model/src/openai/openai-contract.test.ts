import type { ModelErrorKind } from "@orgtree/core";
import { type ContractAnswer, modelContract } from "../../test-support/model-contract.ts";
import { startModel } from "../../test-support/openai-setting.ts";
import {
  type ChatReply,
  cutAfter,
  failure,
  rawStream,
  silence,
  streamedDeltas,
  streamedText,
  streamedToolCalls,
} from "../testing/index.ts";

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
