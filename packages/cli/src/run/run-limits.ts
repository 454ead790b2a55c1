import { countsDollars, runBudget, withoutDollars, type Budget, type ModelClient, type Organization } from "orgtree";

/** What a run may spend, as it is told to people. */
export interface RunLimits {
  readonly organization: Organization;
  readonly budget: Budget;
  /** Models whose dollars nobody counts, since no prices are known. When there are any, no limit of dollars is held. */
  readonly unpriced: readonly string[];
  /** The limit of dollars that the organization names and that is not held. */
  readonly uncountedUsd: number | undefined;
}

/**
 * The limits under which an organization is run with a model. Where no prices are known its limits of dollars are taken off, and
 * the head of the run says so: an organization is written for many models, and whoever runs it is told. Where only some are
 * known the run will be refused, since a part of such a limit is none.
 */
export function limitsOf(organization: Organization, model: ModelClient): RunLimits {
  const clients = Object.values(organization.agents)
    .filter(({ kind }) => kind !== "verifier" && kind !== "custom")
    .map((agent) => agent.model ?? model);
  const unpriced = [...new Set(clients.filter((client) => !countsDollars(client)).map((client) => client.model))];
  if (unpriced.length === 0) return { organization, budget: runBudget(organization), unpriced, uncountedUsd: undefined };
  const isAll = !clients.some(countsDollars);
  return {
    organization: isAll ? withoutDollars(organization) : organization,
    budget: { ...organization.budget, usd: undefined },
    unpriced,
    uncountedUsd: organization.budget.usd,
  };
}
