import { accepted, malformed, structuredDeliverable, type Deliverable } from "./deliverable.ts";

/** How the work is to be done. */
export interface Plan {
  readonly steps: readonly PlanStep[];
}

/** One step of a plan. */
export interface PlanStep {
  readonly goal: string;
  /** How one sees that it is done. */
  readonly doneWhen: string;
}

/** Steps in one plan, at most. */
const maxSteps = 12;

/** A plan as a deliverable. */
export const planDeliverable: Deliverable = structuredDeliverable(
  `Hand in your plan: 1 to ${maxSteps} steps, each with how one sees that it is done.`,
  {
    type: "object",
    properties: {
      steps: {
        type: "array",
        items: {
          type: "object",
          properties: { goal: { type: "string" }, doneWhen: { type: "string" } },
          required: ["goal", "doneWhen"],
          additionalProperties: false,
        },
      },
    },
    required: ["steps"],
    additionalProperties: false,
  },
  (value) => {
    const { steps } = (value ?? {}) as { steps?: unknown };
    if (!Array.isArray(steps) || steps.length === 0 || steps.length > maxSteps)
      return malformed(`steps must be a list of 1 to ${maxSteps}`);
    const isStep = (step: unknown): step is PlanStep =>
      typeof (step as PlanStep | null)?.goal === "string" && typeof (step as PlanStep | null)?.doneWhen === "string";
    if (!steps.every(isStep)) return malformed("each step needs a goal and a doneWhen, both texts");
    return accepted({ steps: steps.map(({ goal, doneWhen }) => ({ goal, doneWhen })) } satisfies Plan);
  },
);

/** A plan in words, for whoever works by it. */
export function describePlan(plan: Plan): string {
  return plan.steps.map(({ goal, doneWhen }, at) => `${at + 1}. ${goal} (done when ${doneWhen})`).join("\n");
}
