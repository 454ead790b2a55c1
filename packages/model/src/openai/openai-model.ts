import {
  checkCount,
  checkLeast,
  checkFields,
  type Clock,
  type Logger,
  type ModelCallOptions,
  type ModelClient,
  ModelError,
  type ModelRequest,
  type ModelResponse,
  type Random,
  reveal,
  type Secret,
  SpecError,
} from "@orgtree/core";
import type OpenAI from "openai";

import { openCallDeadline } from "./call-deadline.ts";
import { finishChat } from "./chat-answer.ts";
import { type ChatAnswerStream, readChat, sendChat } from "./chat-call.ts";
import { fetchWithErrorBody } from "./error-body.ts";
import { classifyFailure } from "./openai-errors.ts";
import { checkPrices, type ModelPrices, worstCaseOf } from "../prices.ts";
import { type Retry, withRetries } from "../retries.ts";
import { guessDialect, learnDialect, officialBaseURL } from "./server-dialect.ts";

/** How a server is reached and how long it is waited for. */
export interface OpenaiModelOptions {
  /** The account's key, best as the handle of a `secret`; any text for a local server that asks for none. */
  readonly apiKey: string | Secret;
  /** Where the Chat Completions protocol is spoken, up to and with `/v1`. Default OpenAI's own server. */
  readonly baseURL?: string | undefined;
  /** The model for requests that name none. */
  readonly model: string;
  /** Longest time of one attempt, in milliseconds. At least 1. Default 120,000. */
  readonly timeoutMs?: number | undefined;
  /**
   * Longest silence, in milliseconds: before the first chunk and between two. Comments that keep the connection alive are
   * silence. At least 1. Default none but `timeoutMs`, since models that think may be silent for long.
   */
  readonly idleTimeoutMs?: number | undefined;
  /** Attempts after the first. At least 0. Default 2. */
  readonly maxRetries?: number | undefined;
  /** Longest time of a whole call, retries and the waits between them included. Default twice `timeoutMs`. */
  readonly deadlineMs?: number | undefined;
  /** Without prices a call costs nothing that could be counted. */
  readonly prices?: ModelPrices | undefined;
  readonly clock: Clock;
  /** Spreads the retries of many clients. */
  readonly random: Random;
  readonly logger?: Logger | undefined;
  /** Hears of every retry before its wait. */
  readonly onRetry?: ((retry: Retry) => void) | undefined;
}

const optionFields: readonly string[] = [
  "apiKey",
  "baseURL",
  "model",
  "timeoutMs",
  "idleTimeoutMs",
  "maxRetries",
  "deadlineMs",
  "prices",
  "clock",
  "random",
  "logger",
  "onRetry",
] satisfies (keyof OpenaiModelOptions)[];

/**
 * A model behind any server that speaks Chat Completions, through the official SDK.
 *
 * Answers are always streamed, so that silence is noticed; a server that answers at once is understood as well. The usage of
 * a server that does not count is estimated, which is logged once. Options out of range, and fields that there are not, throw
 * `SpecError`: a misspelt `baseURL` would send the work to OpenAI.
 *
 * @example
 * const model = openaiModel({ apiKey, baseURL: "http://127.0.0.1:11434/v1", model: "qwen3", clock, random });
 * const { content } = await model.complete({ messages: [{ role: "user", content: "Why is the sky blue?" }] });
 */
export function openaiModel(options: OpenaiModelOptions): ModelClient {
  checkFields(options, { field: "openaiModel", known: optionFields });
  const timeoutMs = checkLeast(options.timeoutMs ?? 120_000, 1, "timeoutMs");
  if (options.idleTimeoutMs !== undefined) checkLeast(options.idleTimeoutMs, 1, "idleTimeoutMs");
  checkPrices(options.prices);
  if (options.baseURL !== undefined && !/^https?:$/.test(URL.parse(options.baseURL)?.protocol ?? "")) {
    throw new SpecError("baseURL", `must be an absolute URL such as http://127.0.0.1:11434/v1, got ${JSON.stringify(options.baseURL)}`);
  }
  if (typeof options.model !== "string" || options.model === "") throw new SpecError("model", "name the model, such as gpt-5-mini");
  if (typeof options.apiKey !== "string" || options.apiKey === "") {
    throw new ModelError("auth", "the api key is empty; give your account's key, or any text for a server that asks for none");
  }
  const { clock, random, logger, onRetry } = options;
  return withRetries(new ChatClient(options, timeoutMs), {
    maxRetries: checkCount(options.maxRetries ?? 2, 0, "maxRetries"),
    deadlineMs: options.deadlineMs ?? timeoutMs * 2,
    clock,
    random,
    logger,
    onRetry,
  });
}

/** One attempt per call. */
class ChatClient implements ModelClient {
  readonly provider = "openai";
  readonly model: string;
  readonly isPriced: boolean;
  readonly #options: OpenaiModelOptions;
  readonly #timeoutMs: number;
  readonly #baseURL: string;
  #sdk: Promise<OpenAI> | undefined;
  /** As it was revealed last. */
  #key = "";
  #dialect;
  #saidEstimated = false;

  constructor(options: OpenaiModelOptions, timeoutMs: number) {
    this.model = options.model;
    this.isPriced = options.prices !== undefined;
    this.#options = options;
    this.#timeoutMs = timeoutMs;
    this.#baseURL = options.baseURL ?? officialBaseURL;
    this.#dialect = guessDialect(this.#baseURL);
  }

  worstCase(request: ModelRequest): { readonly tokens: number; readonly usd: number } {
    return worstCaseOf(request, this.#options.prices);
  }

  async complete(request: ModelRequest, call: ModelCallOptions = {}): Promise<ModelResponse> {
    call.signal?.throwIfAborted();
    const { clock, idleTimeoutMs } = this.#options;
    const deadline = openCallDeadline({ clock, timeoutMs: this.#timeoutMs, idleTimeoutMs, signal: call.signal });
    try {
      const stream = await this.#send(request, deadline.signal);
      const draft = await readChat(stream, deadline, call.onText);
      // An aborted stream ends like a finished one.
      if (draft.finishReason === undefined) deadline.signal.throwIfAborted();
      call.signal?.throwIfAborted();
      const { response, isUsageEstimated } = finishChat(draft, request, this.#options);
      if (isUsageEstimated) this.#sayEstimated();
      return response;
    } catch (thrown) {
      call.signal?.throwIfAborted();
      if (deadline.expired) throw deadline.expired;
      const error = thrown instanceof ModelError ? thrown : this.#classify(thrown);
      if (error) throw error;
      throw thrown;
    } finally {
      deadline.close();
    }
  }

  /** Sends, once more in another dialect for each field that the server turns out not to know. */
  async #send(request: ModelRequest, signal: AbortSignal): Promise<ChatAnswerStream> {
    const sdk = await this.#open();
    for (;;) {
      const dialect = this.#dialect;
      try {
        return await sendChat(sdk, request, { model: this.model, dialect, signal });
      } catch (thrown) {
        const learnt = learnDialect(dialect, thrown);
        if (!learnt) throw thrown;
        this.#dialect = learnt;
        this.#options.logger?.info(
          { model: this.model, learnt: learnt.learnt },
          "the model server does not know a field; asked without it",
        );
      }
    }
  }

  /** The SDK with the key as it is now: a secret may be replaced while we run. */
  #open(): Promise<OpenAI> {
    const key = revealKey(this.#options.apiKey);
    if (this.#sdk === undefined || key !== this.#key) this.#sdk = loadSdk(key, this.#baseURL);
    this.#key = key;
    return this.#sdk;
  }

  #classify(thrown: unknown): ModelError | undefined {
    const { clock } = this.#options;
    return classifyFailure(thrown, { apiKey: this.#key, origin: new URL(this.#baseURL).origin, epochMs: clock.epochMs() });
  }

  #sayEstimated(): void {
    if (this.#saidEstimated) return;
    this.#saidEstimated = true;
    this.#options.logger?.warn({ model: this.model }, "the model server does not count tokens; usage and cost are estimates");
  }
}

function revealKey(apiKey: string): string {
  try {
    return reveal(apiKey);
  } catch (error) {
    throw new ModelError("auth", error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/** Longest delay of the platform's timers. The SDK's own timeout is out of the way there; ours is on the clock. */
const never = 2 ** 31 - 1;

/**
 * The SDK is loaded with the first call: it takes a tenth of a second that scripts and tests do not have to spend. What it
 * would read from the environment is set here, because only `main.ts` does that.
 */
async function loadSdk(apiKey: string, baseURL: string): Promise<OpenAI> {
  const { OpenAI } = await import("openai");
  return new OpenAI({
    apiKey,
    baseURL,
    adminAPIKey: null,
    organization: null,
    project: null,
    webhookSecret: null,
    maxRetries: 0,
    timeout: never,
    logLevel: "off",
    fetch: fetchWithErrorBody,
  });
}
