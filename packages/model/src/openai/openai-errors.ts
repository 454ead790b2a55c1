import { ModelError, type ModelErrorKind } from "@orgtree/core";
import { APIConnectionError, APIConnectionTimeoutError, APIError, OpenAIError } from "openai/error";

import { retryAfterMs } from "./retry-after.ts";

/** What is needed to name a failure without giving the key away. */
export interface ErrorContext {
  readonly apiKey: string;
  /** Scheme, host and port of the server. */
  readonly origin: string;
  /** Now, in milliseconds since 1970: `retry-after` may be a date. */
  readonly epochMs: number;
}

/**
 * The `ModelError` for what the SDK or the connection below it threw; nothing for what is not theirs, such as an exception
 * of the caller's `onText`, which is to be thrown on as it is.
 *
 * The api key is cut out of messages: servers like to repeat it.
 */
export function classifyFailure(thrown: unknown, context: ErrorContext): ModelError | undefined {
  const named = nameFailure(thrown, context);
  if (!named) return undefined;
  const { kind, problem, remedy, ...facts } = named;
  const said = redact(problem, context.apiKey).slice(0, maxProblemLength);
  const cause = thrown instanceof Error && !thrown.message.includes(context.apiKey) ? thrown : undefined;
  return new ModelError(kind, `${said}; ${remedy}`, { ...facts, cause });
}

/** Servers put whole web pages into their errors. */
const maxProblemLength = 500;

interface NamedFailure {
  readonly kind: ModelErrorKind;
  readonly problem: string;
  readonly remedy: string;
  readonly status?: number | undefined;
  readonly retryAfterMs?: number | undefined;
}

function nameFailure(thrown: unknown, context: ErrorContext): NamedFailure | undefined {
  const cause = deepestCause(thrown);
  if (thrown instanceof APIConnectionTimeoutError || isTransportTimeout(cause)) {
    return { kind: "timeout", problem: `${context.origin} sent nothing for 5 minutes`, remedy: "ask for less, or use a faster server" };
  }
  if (thrown instanceof APIConnectionError || isTransportFailure(thrown)) return nameNetworkFailure(cause, context);
  if (thrown instanceof APIError) return nameAnswer(thrown, context);
  if (thrown instanceof SyntaxError && thrown.message.startsWith("Error reading response")) {
    return { kind: "invalid-output", problem: "the model server sent a chunk that is no JSON", remedy: "ask again" };
  }
  if (thrown instanceof OpenAIError) return nameNetworkFailure(thrown, context);
  return undefined;
}

function nameNetworkFailure(cause: unknown, { origin }: ErrorContext): NamedFailure {
  const why = cause instanceof Error ? cause.message || codeOf(cause) : String(cause);
  return { kind: "network", problem: `connection to ${origin} failed: ${why}`, remedy: "check baseURL and that the server runs" };
}

function nameAnswer(error: APIError, { epochMs, origin }: ErrorContext): NamedFailure {
  // Errors inside of a stream have no status of their own, but some servers give one as their code.
  const code: unknown = error.code;
  const status = error.status ?? (typeof code === "number" && code >= 400 ? code : undefined);
  const kind = decideKind(status, error);
  const where = status === undefined ? "in the stream" : `with ${status}`;
  const said = messageOf(error);
  return {
    kind,
    // What comes in the stream, whatever code it brings, comes after the server took the request.
    status: error.status ?? 200,
    retryAfterMs: retryAfterMs(error.headers, epochMs),
    problem: `${origin} answered ${where}${said === "" ? "" : `: ${said}`}`,
    remedy: remedies[kind],
  };
}

function decideKind(status: number | undefined, error: APIError): ModelErrorKind {
  const words = `${String(error.code ?? "")} ${error.type ?? ""}`;
  const text = `${words} ${error.message}`;
  // An empty account says 429 too, but no waiting fills it.
  if (status === 402 || /insufficient_quota|billing/.test(words)) return "auth";
  if (status === 429 || (status === undefined && words.includes("rate_limit"))) return "rate-limit";
  if (status === 401 || status === 403 || /invalid_api_key|authentication_error/.test(words)) return "auth";
  if (status === 408 || status === 504) return "timeout";
  // 409: a request with this idempotency key is still being worked on.
  if (status === 409 || (status !== undefined && (status >= 500 || status < 400))) return "server";
  if (status === 413 || overflows.test(text)) return "context-overflow";
  if (/content_filter|content_policy/.test(words)) return "refusal";
  return status === undefined && !words.includes("invalid_request") ? "server" : "bad-request";
}

/** How OpenAI, vLLM, llama.cpp, Anthropic and Gemini say that a request does not fit. */
const overflows = /context_length_exceeded|context.?(length|window|size)|prompt is too long|input token count/i;

const remedies: Readonly<Record<ModelErrorKind, string>> = {
  "rate-limit": "wait as long as retryAfterMs says, or make fewer calls at once",
  refusal: "reword the request",
  "context-overflow": "shorten the conversation, or use a model with a larger context",
  "invalid-output": "ask again",
  network: "check baseURL and that the server runs",
  timeout: "ask again later, or raise timeoutMs",
  auth: "check the api key, what it may use, and the account's balance",
  "bad-request": "check the model's name, baseURL and the request",
  server: "ask again later, or use another server",
};

function messageOf(error: APIError): string {
  const body: unknown = error.error;
  const message: unknown = typeof body === "object" && body !== null && "message" in body ? body.message : body;
  if (typeof message === "string") return message.trim();
  // Without a body the SDK's own text only repeats the status.
  if (message === undefined || message === null) return error.message.includes("no body") ? "" : error.message.replace(/^\d+ /, "");
  return JSON.stringify(message);
}

function isTransportTimeout(cause: unknown): boolean {
  return ["UND_ERR_HEADERS_TIMEOUT", "UND_ERR_BODY_TIMEOUT"].includes(codeOf(cause));
}

/** Node's fetch wraps whatever went wrong below in one of these two. */
function isTransportFailure(thrown: unknown): boolean {
  return thrown instanceof TypeError && (thrown.message === "terminated" || thrown.message === "fetch failed");
}

function deepestCause(thrown: unknown): unknown {
  let error = thrown;
  for (let depth = 0; depth < 8 && error instanceof Error && error.cause instanceof Error; depth += 1) error = error.cause;
  return error;
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}

function redact(text: string, apiKey: string): string {
  return text.replaceAll(apiKey, "[api key]");
}
