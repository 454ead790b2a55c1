import { type ModelClient, ModelError, type ModelRequest } from "@orgtree/core";
import { makeFakeClock } from "./fake-clock.ts";
import { type ChatReply, startChatServer } from "../src/testing/index.ts";
import { openaiModel, type OpenaiModelOptions } from "../src/openai/openai-model.ts";

/** A secret, which nothing may show. */
export const apiKey = "sk-very-secret";
/** A request about which nothing is special. */
export const request: ModelRequest = { messages: [{ role: "user", content: "When is the tide?" }] };

/** A model in front of a server that answers so, one reply after the other, with a clock of the test. */
export async function startModel(replies: readonly ChatReply[], options: Partial<OpenaiModelOptions> = {}) {
  const server = await startChatServer({ replies });
  const clock = makeFakeClock();
  const model = openaiModel({
    apiKey,
    baseURL: server.url,
    model: "test-model",
    maxRetries: 0,
    clock,
    random: { next: () => 0 },
    ...options,
  });
  return { model, server, clock, [Symbol.asyncDispose]: () => server.close() };
}

/** What the model makes of these replies, which must be a failure. */
export async function failureOf(replies: readonly ChatReply[], options: Partial<OpenaiModelOptions> = {}): Promise<ModelError> {
  await using setting = await startModel(replies, options);
  return await errorOf(setting.model, request);
}

/** What a call fails with. */
export async function errorOf(model: ModelClient, asked: ModelRequest): Promise<ModelError> {
  const thrown: unknown = await model.complete(asked).catch((error: unknown) => error);
  if (!(thrown instanceof ModelError)) throw new Error("no ModelError", { cause: thrown });
  return thrown;
}

/** A log whose messages are kept. */
export function captureLog() {
  const lines: string[] = [];
  const write = (_facts: object, message: string) => void lines.push(message);
  return { lines, debug: write, info: write, warn: write, error: write };
}
