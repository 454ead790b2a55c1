import { SpecError, type ModelClient } from "@orgtree/core";
import type { CheckedAgent } from "./agent.ts";
import type { Organization } from "./organization.ts";

/** Throws `SpecError` unless the value is a model client; a name is not one. */
export function checkModel(model: unknown, field: string): void {
  const { complete, worstCase } = (model ?? {}) as Partial<Record<keyof ModelClient, unknown>>;
  if (typeof complete === "function" && typeof worstCase === "function") return;
  const name = typeof model === "string" ? JSON.stringify(model) : '"…"';
  const given = typeof model === "string" || model === undefined || model === null ? (JSON.stringify(model) ?? "nothing") : typeof model;
  throw new SpecError(field, `a model client, such as openaiModel({ apiKey, model: ${name} }) or scriptedModel([…]), not ${given}`);
}

/**
 * Whether the dollars of a model's calls are counted: its client was given prices, of 0 perhaps. A client that does not say so itself,
 * such as a wrapper of one's own, has prices if its worst case costs anything.
 */
export function countsDollars(model: ModelClient): boolean {
  return model.isPriced ?? model.worstCase({ messages: [] }).usd > 0;
}

/**
 * Checks the models of a run before it starts: everybody who needs one has one, and a limit of dollars that somebody named can
 * be held. The model of the run may be missing where every agent has its own. Throws `SpecError`.
 */
export function checkModels(organization: Pick<Organization, "agents" | "budget">, model: ModelClient | undefined): void {
  const { agents, budget } = organization;
  const inNeed = Object.entries(agents).filter(([, agent]) => agent.kind !== "verifier");
  if (model !== undefined || inNeed.some(([, agent]) => agent.model === undefined)) checkModel(model, "model");
  for (const [name, agent] of inNeed) {
    const client = agent.model ?? model;
    // What an agent of one's own does with its model, if it has one at all, is its own affair.
    if (client === undefined || agent.kind === "custom") continue;
    checkDollars(budget.usd, { field: "budget.usd", name, client });
    checkDollars(agent.charter.budget.usd, { field: `agents.${name}.budget.usd`, name, client });
  }
}

/** The organization without limits of dollars, for whoever tells people that they are not counted. */
export function withoutDollars<E>(organization: Organization<E>): Organization<E> {
  const strip = (agent: CheckedAgent): CheckedAgent => ({
    ...agent,
    charter: { ...agent.charter, budget: { ...agent.charter.budget, usd: undefined } },
  });
  const agents = Object.fromEntries(Object.entries(organization.agents).map(([name, agent]) => [name, strip(agent)]));
  return { ...organization, budget: { ...organization.budget, usd: undefined }, agents };
}

interface Spender {
  readonly field: string;
  readonly name: string;
  readonly client: ModelClient;
}

function checkDollars(usd: number | undefined, { field, name, client }: Spender): void {
  if (usd === undefined || countsDollars(client)) return;
  const remedy = "give its client prices: { inputPerMillion, outputPerMillion }, or leave usd out";
  throw new SpecError(field, `$${usd} would limit nothing: no prices are known for ${client.model}, the model of ${name}; ${remedy}`);
}
