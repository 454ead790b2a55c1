import type { ModelClient } from "@orgtree/core";
import { openaiModel as makeOpenaiModel, type OpenaiModelOptions } from "@orgtree/model";
import { systemClock, systemRandom } from "@orgtree/runtime";

/** How a server is reached; time and chance are the system's where none are given. */
export type OpenaiOptions = Omit<OpenaiModelOptions, "clock" | "random"> & Partial<Pick<OpenaiModelOptions, "clock" | "random">>;

/**
 * A model behind any server that speaks Chat Completions. With `prices` its dollars are counted, and limits of dollars hold.
 *
 * A field that there is not and options out of range throw `SpecError`.
 *
 * @example
 * const model = openaiModel({ apiKey, model: "gpt-5-mini", prices: { inputPerMillion: 0.25, outputPerMillion: 2 } });
 */
export function openaiModel(options: OpenaiOptions): ModelClient {
  return makeOpenaiModel({ ...options, clock: options?.clock ?? systemClock, random: options?.random ?? systemRandom });
}
