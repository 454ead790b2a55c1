/** What the server of the tests sends back, as data: a good answer, or one of the ways in which servers misbehave. */
export interface ChatReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The body, each piece written on its own. */
  readonly pieces: readonly (string | Uint8Array)[];
  /** After the last piece: end as HTTP wants it, destroy the connection, or say nothing more. */
  readonly end: "whole" | "cut" | "stall";
  /** Nothing is sent, not even a header, before this resolves. */
  readonly after?: Promise<unknown> | undefined;
}

/** Settings of a good answer. */
export interface ChatReplyOptions {
  /** The counts that end the answer, `none` for a server that does not count. Default 7 in, 3 out. */
  readonly usage?: object | "none" | undefined;
  /** Default `stop`, or `tool_calls`. */
  readonly finishReason?: string | undefined;
  /** The most characters of text or arguments in one chunk. Default whole words of a text, 5 characters of arguments. */
  readonly pieceLength?: number | undefined;
}

/** A tool call as the server sends it. */
export interface ChatToolCall {
  readonly id: string;
  readonly name: string;
  /** JSON, well-formed or not. */
  readonly arguments: string;
}

/** A streamed text. */
export function streamedText(text: string, options: ChatReplyOptions = {}): ChatReply {
  const pieces = options.pieceLength ? slice(text, options.pieceLength) : (text.match(/\s*\S+|\s+$/g) ?? []);
  return streamedDeltas([{ role: "assistant", content: "" }, ...pieces.map((content) => ({ content }))], options);
}

/** Streamed tool calls: of each first its id and name, then its arguments in pieces. */
export function streamedToolCalls(calls: readonly ChatToolCall[], options: ChatReplyOptions = {}): ChatReply {
  const deltas = calls.flatMap((call, index) => [
    { tool_calls: [{ index, id: call.id, type: "function", function: { name: call.name, arguments: "" } }] },
    ...slice(call.arguments, options.pieceLength ?? 5).map((part) => ({ tool_calls: [{ index, function: { arguments: part } }] })),
  ]);
  return streamedDeltas(deltas, { finishReason: "tool_calls", ...options });
}

/** Any deltas, followed by the finish reason, the counts and the end mark. */
export function streamedDeltas(deltas: readonly object[], options: ChatReplyOptions = {}): ChatReply {
  const chunks = [
    ...deltas.map((delta) => makeChunk([{ index: 0, delta, finish_reason: null }])),
    makeChunk([{ index: 0, delta: {}, finish_reason: options.finishReason ?? "stop" }]),
    ...(options.usage === "none" ? [] : [makeChunk([], options.usage ?? defaultUsage)]),
  ];
  return rawStream([...chunks.map((chunk) => JSON.stringify(chunk)), "[DONE]"]);
}

/** A stream of events with any data, valid or not. */
export function rawStream(events: readonly string[]): ChatReply {
  const pieces = events.map((data) => `data: ${data}\n\n`);
  return { status: 200, headers: { "content-type": "text/event-stream" }, pieces, end: "whole" };
}

/** The answer of a server that does not stream. `message` is as in Chat Completions, for example `{ content: "Hello" }`. */
export function wholeAnswer(message: object, options: ChatReplyOptions = {}): ChatReply {
  const choices = [{ index: 0, message: { role: "assistant", ...message }, finish_reason: options.finishReason ?? "stop" }];
  const usage = options.usage === "none" ? undefined : (options.usage ?? defaultUsage);
  return json(200, { id: "chatcmpl-1", object: "chat.completion", created: 0, model: "test-model", choices, usage });
}

/** An error with this status; `error` is as in Chat Completions, for example `{ message, code }`. */
export function failure(
  status: number,
  error: object = { message: `failed with ${status}` },
  headers: Record<string, string> = {},
): ChatReply {
  return json(status, { error }, headers);
}

/** Any JSON. */
export function json(status: number, body: unknown, headers: Record<string, string> = {}): ChatReply {
  return { status, headers: { "content-type": "application/json", ...headers }, pieces: [JSON.stringify(body) ?? ""], end: "whole" };
}

/** No answer, not even a header. */
export function silence(): ChatReply {
  return delayed(rawStream([]), Promise.withResolvers<never>().promise);
}

/** The reply, once `after` has resolved: a slow first byte. */
export function delayed(reply: ChatReply, after: Promise<unknown>): ChatReply {
  return { ...reply, after };
}

/** The first pieces of a reply; then the connection is destroyed. With none of them, not even the headers are sent. */
export function cutAfter(reply: ChatReply, pieces: number): ChatReply {
  return { ...reply, pieces: reply.pieces.slice(0, pieces), end: "cut" };
}

/** The first pieces of a reply; then nothing more comes, and the connection stays open. */
export function stallAfter(reply: ChatReply, pieces: number): ChatReply {
  return { ...reply, pieces: reply.pieces.slice(0, pieces), end: "stall" };
}

/** The same bytes in pieces of this size, which fall in the middle of lines and letters. */
export function inPiecesOf(bytes: number, reply: ChatReply): ChatReply {
  const body = Buffer.concat(reply.pieces.map((piece) => Buffer.from(piece)));
  const count = Math.ceil(body.length / bytes);
  return { ...reply, pieces: Array.from({ length: count }, (_, n) => body.subarray(n * bytes, (n + 1) * bytes)) };
}

const defaultUsage = { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 };

function makeChunk(choices: readonly object[], usage: object | null = null): object {
  return { id: "chatcmpl-1", object: "chat.completion.chunk", created: 0, model: "test-model", choices, usage };
}

function slice(text: string, length: number): string[] {
  return Array.from({ length: Math.ceil(text.length / length) }, (_, n) => text.slice(n * length, (n + 1) * length));
}
