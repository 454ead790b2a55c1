import {
  type Clock,
  type EndedCall,
  type ModelCallOptions,
  ModelError,
  type ModelRequest,
  type ModelResponse,
  SpecError,
  type ModelClient,
} from "@orgtree/core";

import { checkAnswer } from "../answer-check.ts";
import { pause } from "../pause.ts";
import { checkPrices, costOf, type ModelPrices, worstCaseOf } from "../prices.ts";
import { roleOfRequest } from "./request-role.ts";
import { type OpenScript, openScript, type RoleScripts, type Script } from "./script.ts";
import { type CheckedStep, type ScriptPart } from "./script-step.ts";
import { estimateInputTokens, estimateTokens } from "../token-estimate.ts";

/** Settings of a scripted model; all have defaults. */
export interface ScriptedModelOptions {
  /** How it names itself. Default `scripted`. */
  readonly model?: string | undefined;
  /** Needed only for steps with a delay. */
  readonly clock?: Clock | undefined;
  readonly prices?: ModelPrices | undefined;
  /** The role that a request comes from. Default as `roleOfRequest` finds it among the roles of the script. */
  readonly roleOf?: ((request: ModelRequest) => string | undefined) | undefined;
}

/** A model that does what it was told. */
export interface ScriptedModel extends ModelClient {
  /** The requests so far, the last 1,000 of them, each as it was when it came. */
  readonly requests: readonly ModelRequest[];
  /** Resolves once that many requests have come in all. A barrier for tests: no sleeping, no polling. */
  called(count: number): Promise<void>;
  /** Throws an `Error` that lists the steps which nobody took and the requests for which there was no step. */
  assertComplete(): void;
}

/**
 * The deterministic twin of a model: no network, no randomness, and time only on the clock that it is given.
 *
 * In a run that goes on after its process ended it goes on too: steps that an earlier process used, by the record of the run, are used.
 * Steps are counted in order there, so a script with a `when` should not be killed half-way.
 *
 * Usage is estimated from the lengths. A request without a step fails with `ModelError` bad-request and is remembered for
 * `assertComplete`. Scripts are given as a list, a function, or by role.
 *
 * @example
 * const model = scriptedModel([callTool("search", { query: "tides" }), say("Twice a day."), failWith("rate-limit")]);
 */
export function scriptedModel(script: Script | RoleScripts, options: ScriptedModelOptions = {}): ScriptedModel {
  checkPrices(options.prices);
  const isWhole = typeof script === "function" || Array.isArray(script);
  return new ScriptPlayer(isWhole ? { "*": script as Script } : (script as RoleScripts), options);
}

/** As many requests as are kept; a bench makes more than a test would look at. */
const maxRequests = 1_000;

class ScriptPlayer implements ScriptedModel {
  readonly provider = "scripted";
  readonly model: string;
  readonly isPriced: boolean;
  readonly requests: ModelRequest[] = [];
  readonly #scripts: ReadonlyMap<string, OpenScript>;
  readonly #roles: ReadonlySet<string>;
  readonly #options: ScriptedModelOptions;
  readonly #unexpected: string[] = [];
  readonly #barriers = new Set<{ readonly count: number; readonly open: () => void }>();
  #count = 0;

  constructor(scripts: RoleScripts, options: ScriptedModelOptions) {
    this.#scripts = new Map(Object.entries(scripts).map(([role, script]) => [role, openScript(script)]));
    this.#roles = new Set(this.#scripts.keys());
    this.#options = options;
    this.model = options.model ?? "scripted";
    this.isPriced = options.prices !== undefined;
  }

  worstCase(request: ModelRequest): { readonly tokens: number; readonly usd: number } {
    return worstCaseOf(request, this.#options.prices);
  }

  async complete(request: ModelRequest, call: ModelCallOptions = {}): Promise<ModelResponse> {
    call.signal?.throwIfAborted();
    this.#remember(request);
    const number = this.#count;
    const step = this.#take(request);
    if (step.delayMs) await pause(this.#clock(), step.delayMs, call.signal);
    const { content, toolCalls } = await play(step.parts, call, number);
    call.signal?.throwIfAborted();
    const usage = {
      inputTokens: estimateInputTokens(request),
      outputTokens: estimateTokens(content + toolCalls.map(({ name, argumentsJson }) => name + argumentsJson).join("")),
      cachedInputTokens: 0,
      reasoningTokens: 0,
      ...step.usage,
    };
    return checkAnswer(request, {
      content,
      toolCalls,
      finishReason: step.finishReason ?? (toolCalls.length > 0 ? "tool-calls" : "stop"),
      usage,
      model: request.model ?? this.model,
      id: `scripted-${number}`,
      usd: costOf(usage, this.#options.prices),
    });
  }

  readonly resume = (ended: readonly EndedCall[]): void => {
    for (const { key, attempts } of ended) this.#scriptOf(this.#roleOf({ messages: [], key }))?.skip(attempts);
  };

  called(count: number): Promise<void> {
    if (this.#count >= count) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#barriers.add({ count, open: resolve });
    return promise;
  }

  assertComplete(): void {
    const unused = [...this.#scripts].flatMap(([role, script]) =>
      script.unused().map((step) => (role === "*" ? step : `${role}: ${step}`)),
    );
    const problems = [...unused.map((step) => `not used: ${step}`), ...this.#unexpected.map((request) => `no step for: ${request}`)];
    if (problems.length > 0) throw new Error(`the script was not played as written:\n  ${problems.join("\n  ")}`);
  }

  #remember(request: ModelRequest): void {
    this.#count += 1;
    // Messages are never changed, only added to: a copy of the list is a copy of the request.
    this.requests.push({ ...request, messages: [...request.messages] });
    if (this.requests.length > maxRequests) this.requests.shift();
    for (const barrier of this.#barriers) {
      if (barrier.count > this.#count) continue;
      this.#barriers.delete(barrier);
      barrier.open();
    }
  }

  #take(request: ModelRequest): CheckedStep {
    const role = this.#roleOf(request);
    const script = this.#scriptOf(role);
    const step = script?.take(request);
    if (step) return step;
    const who = describeRequest(request, { number: this.#count, role });
    if (this.#unexpected.length < maxRequests) this.#unexpected.push(who);
    const problem = script ? "every step that fits was used" : `there is no script for it, only for ${[...this.#roles].join(", ")}`;
    throw new ModelError("bad-request", `the script has no answer for ${who}: ${problem}; add a step, or give one times: Infinity`);
  }

  #roleOf(request: ModelRequest): string | undefined {
    return this.#options.roleOf ? this.#options.roleOf(request) : roleOfRequest(request, this.#roles);
  }

  #scriptOf(role: string | undefined): OpenScript | undefined {
    return this.#scripts.get(role ?? "*") ?? this.#scripts.get("*");
  }

  #clock(): Clock {
    if (!this.#options.clock) throw new SpecError("clock", "a step has a delayMs, which needs a clock; give one in the options");
    return this.#options.clock;
  }
}

async function play(
  parts: readonly ScriptPart[],
  call: ModelCallOptions,
  number: number,
): Promise<Pick<ModelResponse, "content" | "toolCalls">> {
  let content = "";
  const toolCalls: ModelResponse["toolCalls"][number][] = [];
  for (const part of parts) {
    switch (part.kind) {
      case "say":
        content += part.text;
        if (call.onText) for (const word of part.text.match(/\s*\S+|\s+$/g) ?? []) call.onText(word);
        break;
      case "call-tool":
        toolCalls.push({ id: `call_${number}_${toolCalls.length}`, name: part.name, argumentsJson: part.argumentsJson });
        break;
      case "fail":
        throw new ModelError(part.with, part.facts.message ?? `scripted failure: ${part.with}`, part.facts);
      case "hang":
        await aborted(call.signal);
        break;
      default:
        part satisfies never;
    }
  }
  return { content, toolCalls };
}

/** Never resolves; rejects with the reason once the signal aborts. */
function aborted(signal: AbortSignal | undefined): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  if (signal?.aborted) reject(signal.reason);
  signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
  return promise;
}

function describeRequest(request: ModelRequest, { number, role }: { number: number; role: string | undefined }): string {
  const last = request.messages.at(-1);
  const text = last?.content ?? "";
  const quoted = JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
  return `request ${number}${role === undefined ? "" : ` of ${role}`}${last ? ` (last message, ${last.role}: ${quoted})` : ""}`;
}
