import { checkLeast, checkFields, type ModelRequest, type ModelUsage } from "@orgtree/core";

import { defaultMaxOutputTokens, estimateInputTokens } from "./token-estimate.ts";

/**
 * What a model costs, in US dollars per million tokens.
 *
 * They are those of the client's own model; a request that names another one is priced the same, because a call that
 * seems free would be a hole in the budget.
 */
export interface ModelPrices {
  readonly inputPerMillion: number;
  readonly outputPerMillion: number;
  /** Input tokens that came from the server's cache. Default `inputPerMillion`. */
  readonly cachedInputPerMillion?: number | undefined;
}

/** Refuses prices that are negative or no numbers, with a `SpecError`. */
export function checkPrices(prices: ModelPrices | undefined): void {
  if (!prices) return;
  checkFields(prices, { field: "prices", known: ["inputPerMillion", "outputPerMillion", "cachedInputPerMillion"] });
  checkLeast(prices.inputPerMillion, 0, "prices.inputPerMillion");
  checkLeast(prices.outputPerMillion, 0, "prices.outputPerMillion");
  if (prices.cachedInputPerMillion !== undefined) checkLeast(prices.cachedInputPerMillion, 0, "prices.cachedInputPerMillion");
}

/** What the tokens cost in US dollars; nothing without prices. */
export function costOf(usage: ModelUsage, prices: ModelPrices | undefined): number | undefined {
  if (!prices) return undefined;
  const fresh = usage.inputTokens - usage.cachedInputTokens;
  const cached = usage.cachedInputTokens * (prices.cachedInputPerMillion ?? prices.inputPerMillion);
  return (fresh * prices.inputPerMillion + cached + usage.outputTokens * prices.outputPerMillion) / 1_000_000;
}

/** The most that one attempt at a request can cost: nothing cached, and an answer as long as is allowed. */
export function worstCaseOf(request: ModelRequest, prices?: ModelPrices): { readonly tokens: number; readonly usd: number } {
  const inputTokens = estimateInputTokens(request);
  const outputTokens = request.maxOutputTokens ?? defaultMaxOutputTokens;
  const usd = costOf({ inputTokens, outputTokens, cachedInputTokens: 0, reasoningTokens: 0 }, prices) ?? 0;
  return { tokens: inputTokens + outputTokens, usd };
}
