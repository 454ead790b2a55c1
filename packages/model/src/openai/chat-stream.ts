/**
 * Chat stream: puts the pieces of a streamed answer together.
 *
 * Invariants
 *   C1. What comes from the server is untrusted: a field that is missing or of the wrong type is as if it were not there.
 *   C2. Only the first choice counts.
 *   C3. A draft is whole only if it has a finish reason; whoever reads it has to ask.
 */
import { ModelError } from "@orgtree/core";

/** An answer as far as it has come in. */
export interface ChatDraft {
  readonly id: string | undefined;
  readonly model: string | undefined;
  readonly content: string;
  readonly refusal: string;
  /** Thoughts that some servers send beside the answer; only counted. */
  readonly reasoning: string;
  readonly toolCalls: readonly { readonly id: string; readonly name: string; readonly argumentsJson: string }[];
  readonly finishReason: string | undefined;
  /** The server's counts as it sent them; the last ones count. */
  readonly usage: Fields | undefined;
}

/** An object of unknown fields. */
export type Fields = Readonly<Record<string, unknown>>;

/** Collects the chunks of one answer. */
export interface ChatAssembly {
  readonly draft: ChatDraft;
  /** Takes the next chunk and returns the text that it adds. Throws `ModelError` invalid-output if it is no chunk at all. */
  add(chunk: unknown): string;
}

/** Starts with nothing. */
export function makeChatAssembly(): ChatAssembly {
  const draft: Draft = {
    id: undefined,
    model: undefined,
    content: "",
    refusal: "",
    reasoning: "",
    toolCalls: [],
    finishReason: undefined,
    usage: undefined,
  };
  return {
    draft,
    add(chunk) {
      if (!isFields(chunk)) throw new ModelError("invalid-output", "the model server sent a chunk that is no object; ask again");
      return addChunk(draft, chunk);
    },
  };
}

/** A whole answer of a server that does not stream, as the one chunk it would have been. */
export function toChunk(completion: unknown): unknown {
  if (!isFields(completion) || !Array.isArray(completion["choices"])) return completion;
  const choices = completion["choices"].map((choice: unknown) => (isFields(choice) ? { ...choice, delta: choice["message"] } : choice));
  return { ...completion, choices };
}

/** Whether a value is an object with fields. */
export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };
type ToolCallDraft = Writable<ChatDraft["toolCalls"][number]> & { readonly index: unknown };
type Draft = Writable<Omit<ChatDraft, "toolCalls">> & { toolCalls: ToolCallDraft[] };

function addChunk(draft: Draft, chunk: Fields): string {
  draft.id ??= textOf(chunk["id"]) || undefined;
  draft.model ??= textOf(chunk["model"]) || undefined;
  if (isFields(chunk["usage"])) draft.usage = chunk["usage"];
  const choices: unknown = chunk["choices"];
  const choice: unknown = Array.isArray(choices) ? choices[0] : undefined;
  if (!isFields(choice)) return "";
  if (textOf(choice["finish_reason"])) draft.finishReason = textOf(choice["finish_reason"]);
  return isFields(choice["delta"]) ? addDelta(draft, choice["delta"]) : "";
}

function addDelta(draft: Draft, delta: Fields): string {
  const text = textOf(delta["content"]);
  draft.content += text;
  draft.refusal += textOf(delta["refusal"]);
  draft.reasoning += textOf(delta["reasoning_content"] ?? delta["reasoning"]);
  const calls: unknown = delta["tool_calls"];
  if (Array.isArray(calls)) for (const call of calls) if (isFields(call)) addToolCall(draft, call);
  return text;
}

function addToolCall(draft: Draft, delta: Fields): void {
  const part = isFields(delta["function"]) ? delta["function"] : {};
  const name = textOf(part["name"]);
  const call = findToolCall(draft, delta, name) ?? openToolCall(draft, delta);
  if (name) call.name = name;
  call.argumentsJson += textOf(part["arguments"]);
}

/**
 * The call that a piece continues. Its index says so, but some servers send none, or 0 for all: then a new id together with
 * a name opens a new call. (An id alone does not: others make up a fresh one for every piece.)
 */
function findToolCall(draft: Draft, delta: Fields, name: string): ToolCallDraft | undefined {
  const index = delta["index"];
  const known = typeof index === "number" ? draft.toolCalls.findLast((call) => call.index === index) : draft.toolCalls.at(-1);
  const isOther = name !== "" && textOf(delta["id"]) !== "" && delta["id"] !== known?.id;
  return isOther ? undefined : known;
}

function openToolCall(draft: Draft, delta: Fields): ToolCallDraft {
  const id = textOf(delta["id"]) || `call_${draft.toolCalls.length}`;
  const call: ToolCallDraft = { id, name: "", argumentsJson: "", index: delta["index"] };
  draft.toolCalls.push(call);
  return call;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
