/** What the lead of a crew keeps, and what it tells whom; pure. */
import type { Address, Verdict } from "@orgtree/core";
import type { Signal } from "@orgtree/runtime";
import type { Assignment } from "./assignment.ts";
import type { HoldAnswer } from "./hold-point.ts";
import { deliveredBy, type LeadState } from "./leading.ts";
import { describePlan, type Plan } from "./plan.ts";
import type { Review } from "./review.ts";

/** Who is in a crew. Without a planner the work begins at once; without a critic a plan is not reviewed. */
export interface CrewMembers {
  readonly worker: Address;
  readonly gate: Address;
  readonly planner: Address | undefined;
  readonly critic: Address | undefined;
}

export interface CrewState extends LeadState {
  readonly members: CrewMembers;
  readonly plan: Plan | undefined;
  readonly objections: readonly string[];
  readonly reviews: number;
  /** Times that the work was sent back. */
  readonly rounds: number;
}

export function planning({ task, plan, briefing, objections }: CrewState): Assignment {
  const earlier = plan === undefined ? undefined : `Your earlier plan:\n${describePlan(plan)}`;
  const objected = objections.map((risk) => `The critic objects: ${risk}`);
  return { goal: `Make a plan for this task: ${task}`, material: earlier, briefing: [...briefing, ...objected] };
}

export function reviewing({ task, plan }: CrewState): Assignment {
  return {
    goal: `Imagine that this plan was carried out and failed. Say how. The task: ${task}`,
    material: plan === undefined ? undefined : describePlan(plan),
    briefing: [],
  };
}

export function working({ task, plan, objections, briefing }: CrewState): Assignment {
  const risks = objections.map((risk) => `Watch out, the critic says: ${risk}`);
  return {
    goal: task,
    material: plan === undefined ? undefined : `The plan:\n${describePlan(plan)}`,
    briefing: [...risks, ...briefing],
  };
}

export function planned(event: Signal): Pick<CrewState, "plan" | "failures"> {
  return { plan: deliveredBy(event) as Plan, failures: 0 };
}

export function isAdmitted(event: Signal): boolean {
  return !(deliveredBy(event) as Review).objections.some(({ blocking }) => blocking);
}

export function risksOf(event: Signal): readonly string[] {
  return (deliveredBy(event) as Review).objections.map(({ risk }) => risk);
}

/** What the hold point answered; undefined for any other event. */
export function holdAnswerOf(event: Signal): HoldAnswer | undefined {
  return event.type === "orgtree.reply" ? (event.value as HoldAnswer) : undefined;
}

export function whyHeld(event: Signal): string {
  const decision = holdAnswerOf(event)?.decision;
  return decision === undefined || decision.open ? "" : decision.reason;
}

/** The worker gets the evidence, not an opinion. */
export function sentBack({ rounds, briefing }: CrewState, event: Signal): Pick<CrewState, "rounds" | "failures" | "briefing"> {
  const verdicts: readonly Verdict[] = holdAnswerOf(event)?.verdicts ?? [];
  const observed = verdicts.flatMap(({ evidence }) =>
    evidence.filter(({ passed }) => !passed).map(({ criterion, observed: seen }) => `${criterion}: ${seen}`),
  );
  const line = `Your work was sent back: ${whyHeld(event)}`;
  return { rounds: rounds + 1, failures: 0, briefing: [...briefing, line, ...observed.filter((each) => !line.includes(each))] };
}
