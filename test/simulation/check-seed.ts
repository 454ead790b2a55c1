import { factsOf } from "./facts.ts";
import { findViolation, type Violation } from "./invariants/all.ts";
import { makePlan } from "./make-plan.ts";
import type { Plan } from "./plan.ts";
import { simulate, type Outcome } from "./simulation.ts";

/** A run that was looked at. */
export interface Checked {
  readonly outcome: Outcome;
  readonly violation: Violation | undefined;
}

/** Runs the plan of a seed and looks at what came of it. */
export function checkSeed(seed: number): Promise<Checked> {
  return checkPlan(makePlan(seed));
}

/** Runs a plan and looks at what came of it. */
export async function checkPlan(plan: Plan): Promise<Checked> {
  const outcome = await simulate(plan);
  return { outcome, violation: findViolation(factsOf(outcome)) };
}
