import type { ModelRequest } from "@orgtree/core";

/** The answer's tokens that a request allows when it does not say. It is sent, so that the reservation is a bound. */
export const defaultMaxOutputTokens = 4_096;

/** English takes about 4.3 UTF-8 bytes a token, source code 3 to 4, Chinese or Japanese about 3 to 4: three errs on the high side. */
const bytesPerToken = 3;

/** Role, separators and the priming of the answer; 3 to 4 in OpenAI's own count. */
const tokensPerMessage = 8;

/**
 * How many tokens a text is, estimated high: one for every three UTF-8 bytes, rounded up.
 *
 * For reservations, and for servers that do not count. No tokenizer is loaded, since every model has its own. Dense text
 * without words (base64, hexadecimal, rare emoji) may take up to twice as many.
 */
export function estimateTokens(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / bytesPerToken);
}

/** The tokens that a request puts in: its messages, tools and output schema. */
export function estimateInputTokens(request: ModelRequest): number {
  let tokens = tokensPerMessage;
  for (const message of request.messages) {
    tokens += tokensPerMessage + estimateTokens(message.content);
    if (message.role === "assistant" && message.toolCalls) tokens += estimateTokens(JSON.stringify(message.toolCalls));
  }
  if (request.tools?.length) tokens += estimateTokens(JSON.stringify(request.tools));
  if (request.outputSchema) tokens += estimateTokens(JSON.stringify(request.outputSchema));
  return tokens;
}
