import type { ModelMessage, ModelRequest } from "@orgtree/core";
import type { ChatCompletionCreateParamsStreaming, ChatCompletionMessageParam } from "openai/resources/chat/completions";

import type { ServerDialect } from "./server-dialect.ts";
import { isStrictSchema } from "./strict-schema.ts";
import { defaultMaxOutputTokens } from "../token-estimate.ts";

/** A request in the words of Chat Completions. */
export function makeChatRequest(
  request: ModelRequest,
  client: { readonly model: string; readonly dialect: ServerDialect },
): ChatCompletionCreateParamsStreaming {
  const { dialect } = client;
  return {
    model: request.model ?? client.model,
    messages: request.messages.map(makeChatMessage),
    stream: true,
    [dialect.limitField]: request.maxOutputTokens ?? defaultMaxOutputTokens,
    ...(dialect.asksUsage ? { stream_options: { include_usage: true } } : {}),
    ...(request.temperature === undefined ? {} : { temperature: request.temperature }),
    ...makeTools(request),
    ...makeResponseFormat(request),
  };
}

/** The key of an effect as a header. Header values are Latin-1; what lies beyond is percent-encoded, always in the same way. */
export function makeKeyHeader(request: ModelRequest): Record<string, string> {
  return request.key === undefined ? {} : { "Idempotency-Key": encodeURI(request.key.toWellFormed()) };
}

function makeChatMessage(message: ModelMessage): ChatCompletionMessageParam {
  switch (message.role) {
    case "system":
      return { role: "system", content: message.content };
    case "user":
      return { role: "user", content: message.content, ...(message.name === undefined ? {} : { name: message.name }) };
    case "tool":
      return { role: "tool", tool_call_id: message.toolCallId, content: message.content };
    case "assistant":
      return makeAssistantMessage(message);
    default:
      return message satisfies never;
  }
}

function makeAssistantMessage(message: ModelMessage & { role: "assistant" }): ChatCompletionMessageParam {
  if (!message.toolCalls?.length) return { role: "assistant", content: message.content };
  return {
    role: "assistant",
    // Several servers refuse an empty text beside tool calls; null is what OpenAI itself answers with.
    content: message.content === "" ? null : message.content,
    tool_calls: message.toolCalls.map((call) => ({
      id: call.id,
      type: "function",
      function: { name: call.name, arguments: call.argumentsJson },
    })),
  };
}

function makeTools(request: ModelRequest): Pick<ChatCompletionCreateParamsStreaming, "tools"> {
  if (!request.tools?.length) return {};
  return {
    tools: request.tools.map((tool) => ({
      type: "function",
      function: { name: tool.name, description: tool.description, parameters: { ...tool.parameters } },
    })),
  };
}

function makeResponseFormat(request: ModelRequest): Pick<ChatCompletionCreateParamsStreaming, "response_format"> {
  if (!request.outputSchema) return {};
  const { name, schema } = request.outputSchema;
  return { response_format: { type: "json_schema", json_schema: { name, schema: { ...schema }, strict: isStrictSchema(schema) } } };
}
