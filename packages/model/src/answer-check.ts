import { ModelError, type ModelRequest, type ModelResponse } from "@orgtree/core";

/**
 * Refuses an answer that nobody could use, with `ModelError` invalid-output: an empty one, tool calls without a name or
 * whose arguments are no JSON, and a text that is no JSON where the request demanded a schema.
 *
 * Every twin asks it, so that a script can fail in the ways a server can. Whether arguments or text satisfy their schema is
 * for the caller, who knows it.
 */
export function checkAnswer(request: ModelRequest, response: ModelResponse): ModelResponse {
  const { content, toolCalls, finishReason } = response;
  const isCut = finishReason === "length";
  if (toolCalls.length === 0 && content.trim() === "") {
    throw new ModelError("invalid-output", "the answer is empty, without text or tool calls; ask again, or reword the request");
  }
  for (const { name, argumentsJson } of toolCalls) {
    if (name === "") throw new ModelError("invalid-output", "the answer calls a tool without naming it; ask again");
    checkJson(`the arguments of tool ${name}`, argumentsJson, isCut);
  }
  if (request.outputSchema && toolCalls.length === 0) checkJson(`the answer to schema ${request.outputSchema.name}`, content, isCut);
  return response;
}

function checkJson(what: string, text: string, isCut: boolean): void {
  try {
    JSON.parse(text);
  } catch (cause) {
    const problem = isCut ? "was cut at maxOutputTokens; raise it" : "is no JSON; ask again, or use a model that keeps to schemas";
    throw new ModelError("invalid-output", `${what} ${problem}: ${quote(text)}`, { cause });
  }
}

function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
