/**
 * The words in which a language model is spoken to. Chat Completions is the shape that every compatible server knows, so
 * these are its notions under neutral names; twins translate.
 */
import { ExpectedError } from "./errors.ts";
import type { FailureClass } from "./failure.ts";

/** One message of a conversation. */
export type ModelMessage =
  | { readonly role: "system"; readonly content: string }
  | { readonly role: "user"; readonly content: string; readonly name?: string | undefined }
  | { readonly role: "assistant"; readonly content: string; readonly toolCalls?: readonly ToolCall[] | undefined }
  | { readonly role: "tool"; readonly toolCallId: string; readonly content: string };

/** The model asks for a tool. `argumentsJson` is untrusted text until the tool's schema has accepted it. */
export interface ToolCall {
  readonly id: string;
  readonly name: string;
  readonly argumentsJson: string;
}

/** A tool as the model sees it. */
export interface ToolDescription {
  readonly name: string;
  readonly description: string;
  /** JSON Schema of the arguments. */
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** One question to a model. */
export interface ModelRequest {
  readonly messages: readonly ModelMessage[];
  readonly tools?: readonly ToolDescription[] | undefined;
  /** Demands an answer of this JSON Schema. The name is letters, digits, `_` and `-`. */
  readonly outputSchema?: { readonly name: string; readonly schema: Readonly<Record<string, unknown>> } | undefined;
  /** Overrides the client's model. */
  readonly model?: string | undefined;
  readonly temperature?: number | undefined;
  /** Most tokens of the answer; also what a budget reserves for it. Default 4,096. */
  readonly maxOutputTokens?: number | undefined;
  /** The effect's key, sent outward as the idempotency key. */
  readonly key?: string | undefined;
}

/** Tokens used. `inputTokens` includes the cached ones. */
export interface ModelUsage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cachedInputTokens: number;
  readonly reasoningTokens: number;
}

/** Why the model stopped. */
export type FinishReason = "stop" | "tool-calls" | "length";

/** A whole answer. */
export interface ModelResponse {
  readonly content: string;
  readonly toolCalls: readonly ToolCall[];
  readonly finishReason: FinishReason;
  readonly usage: ModelUsage;
  /** The model that answered, as it names itself. */
  readonly model: string;
  /** The server's id of the answer. */
  readonly id?: string | undefined;
  /** The cost in US dollars where the client knows its prices. */
  readonly usd?: number | undefined;
}

/**
 * Hears of each attempt that one call makes, so that each can be paid for by itself: what a lost one has cost nobody knows, and the
 * next one may cost as much again. Both may be called more often than attempts are made, by wrappers around wrappers.
 */
export interface AttemptMeter {
  /** An attempt is about to be made. What this throws ends the call. */
  begin(): void;
  /** The attempt has failed, and there may be another. */
  fail(error: ModelError): void;
}

/** How a call is made. */
export interface ModelCallOptions {
  /** Aborts the call; the rejection is then the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Hears the text as it streams in. */
  readonly onText?: ((delta: string) => void) | undefined;
  /** Pays for the attempts of the call. A wrapper hands it on as it hands on the signal. */
  readonly meter?: AttemptMeter | undefined;
}

/** A call that came to its end, with an answer or without. */
export interface EndedCall {
  readonly key: string;
  /** How often it was tried. */
  readonly attempts: number;
}

/** A language model. Twins: openai (any compatible server), scripted, record and replay. */
export interface ModelClient {
  /** The provider, for telemetry: `openai`, `scripted`. */
  readonly provider: string;
  /** The model used when a request names none. */
  readonly model: string;
  /** It was given prices, of 0 perhaps, so the dollars of its calls are counted. Undefined where a client does not say. */
  readonly isPriced?: boolean | undefined;
  /** Asks; rejects with `ModelError`. */
  complete(request: ModelRequest, options?: ModelCallOptions): Promise<ModelResponse>;
  /** Upper bound of what the call can cost, for the reservation. Tokens are estimated high; `usd` only with known prices. */
  worstCase(request: ModelRequest): { readonly tokens: number; readonly usd: number };
  /**
   * Hears, before its first call, which calls an earlier process made in the same run, oldest first. For clients whose answers depend
   * on what was asked before, such as a script. A wrapper hands it on.
   */
  readonly resume?: ((ended: readonly EndedCall[]) => void) | undefined;
}

/** The ways in which a model call fails; each is a kind of the failure class `model-error`. */
export type ModelErrorKind =
  | "rate-limit"
  | "refusal"
  | "context-overflow"
  | "invalid-output"
  | "network"
  | "timeout"
  | "auth"
  | "bad-request"
  | "server";

/** A model call failed. */
export class ModelError extends ExpectedError {
  override readonly name = "ModelError";
  readonly kind: ModelErrorKind;
  readonly retryable: boolean;
  /** HTTP status where there was one. */
  readonly status: number | undefined;
  /** What the server asked us to wait, in milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(
    kind: ModelErrorKind,
    message: string,
    facts: { status?: number | undefined; retryAfterMs?: number | undefined; cause?: unknown } = {},
  ) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.kind = kind;
    this.retryable = kind === "rate-limit" || kind === "network" || kind === "timeout" || kind === "server";
    this.status = facts.status;
    this.retryAfterMs = facts.retryAfterMs;
  }

  override get failureClass(): FailureClass {
    return "model-error";
  }

  override get failureKind(): string {
    return this.kind;
  }
}
