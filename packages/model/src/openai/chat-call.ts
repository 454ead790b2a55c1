import { type ModelCallOptions, ModelError, type ModelRequest } from "@orgtree/core";
import type OpenAI from "openai";
import { APIError } from "openai/error";

import type { CallDeadline } from "./call-deadline.ts";
import { makeChatRequest, makeKeyHeader } from "./chat-request.ts";
import { type ChatDraft, isFields, makeChatAssembly, toChunk } from "./chat-stream.ts";
import { isJson } from "./error-body.ts";
import type { ServerDialect } from "./server-dialect.ts";

/** The stream of an answer that has begun. */
export type ChatAnswerStream = Awaited<ReturnType<typeof sendChat>>;

/** Sends a request; resolves once the server's headers are there. */
export async function sendChat(
  sdk: OpenAI,
  request: ModelRequest,
  how: { readonly model: string; readonly dialect: ServerDialect; readonly signal: AbortSignal },
) {
  const body = makeChatRequest(request, how);
  const sent = sdk.chat.completions.create(body, { signal: how.signal, headers: makeKeyHeader(request), maxRetries: 0 });
  return await sent.withResponse();
}

/**
 * Reads an answer to its end, or to where the deadline ends it.
 *
 * A connection that breaks, or falls silent, after the finish reason has taken nothing but the usage: the answer is kept.
 */
export async function readChat(
  { data, response }: ChatAnswerStream,
  deadline: CallDeadline,
  onText: ModelCallOptions["onText"],
): Promise<ChatDraft> {
  const assembly = makeChatAssembly();
  if (isJson(response)) {
    hear(toChunk(parseCompletion(await response.text(), response.headers)));
    return assembly.draft;
  }
  const chunks = data[Symbol.asyncIterator]();
  try {
    for (let next = await readNext(); next && !next.done; next = await readNext()) hear(next.value);
  } finally {
    // If it was not read to the end, because a chunk or the listener threw, the connection would stay open.
    await chunks.return?.();
  }
  return assembly.draft;

  async function readNext(): Promise<IteratorResult<unknown> | undefined> {
    try {
      return await chunks.next();
    } catch (thrown) {
      if (assembly.draft.finishReason !== undefined) return undefined;
      throw thrown;
    }
  }

  function hear(chunk: unknown): void {
    deadline.progress();
    const text = assembly.add(chunk);
    if (text !== "") onText?.(text);
  }
}

/** A server that does not stream may answer with an empty body, with an error, or with anything. */
function parseCompletion(text: string, headers: Headers): unknown {
  // As a stream without a chunk: the reader finds no finish reason.
  if (text.trim() === "") return {};
  let completion: unknown;
  try {
    completion = JSON.parse(text);
  } catch (cause) {
    throw new ModelError("invalid-output", "the model server answered with malformed JSON; ask again", { cause });
  }
  if (isFields(completion) && isFields(completion["error"])) throw new APIError(undefined, completion["error"], undefined, headers);
  return completion;
}
