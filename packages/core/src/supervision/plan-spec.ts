import { checkAddress, isWithin, type Address } from "../address.ts";
import { SpecError } from "../errors.ts";
import type { LaterEffect, RollbackReport } from "../events.ts";
import type { Failure } from "../failure.ts";
import { checkFields } from "../known-fields.ts";
import type { ChildSpec } from "./child-spec.ts";
import type { Directive } from "./directive.ts";
import { checkCount, checkPositive } from "../value-check.ts";

/**
 * Children that follow from a plan, which is data: where the ladder of a child says `replan`, a planner is asked for a new plan,
 * and the children become those of it.
 */
export interface PlanSpec<L = unknown> {
  /** The first plan: plain data. */
  readonly initial: unknown;
  /**
   * The children of a plan, in start order. The same plan must give the same children; a throw refuses the plan. Under a new
   * plan a child of the same id with an equal input goes on as it is, unless it is the one that failed. What a plan is only its author knows,
   * who may say so: `children: (plan: Building) => …`. What a planner answers is not checked, so it may be something else.
   */
  // A method, so that it may take a narrower type than is known here.
  children(plan: unknown): readonly ChildSpec<L>[];
  /** Who makes a new plan; not this supervisor and nobody below it. It is asked with a `ReplanRequest` and answers with the plan. */
  readonly planner: Address;
  /** Milliseconds for the answer. Silence is a failure to plan, and the next rung is tried. Default 60,000. */
  readonly timeoutMs?: number | undefined;
  /** Most new plans in the life of the supervisor, restarts of it not counted. Default 3. */
  readonly maxReplans?: number | undefined;
}

/** A plan specification with its defaults filled in. */
export interface CheckedPlanSpec<L = unknown> extends PlanSpec<L> {
  readonly timeoutMs: number;
  readonly maxReplans: number;
}

/** What a planner is asked. */
export interface ReplanRequest {
  readonly type: "replan";
  readonly supervisor: Address;
  /** Whose failure the plan of now has no answer to. */
  readonly child: string;
  /** The plan of now, and the number that the new one will have. */
  readonly plan: unknown;
  readonly version: number;
  /** The failure and what caused it, outermost first. */
  readonly chain: readonly Failure[];
  /** What the ladder has tried for it, and how often within its windows. */
  readonly tried: readonly TriedRung[];
  /** The newest checkpoint of the child and what is below it; none without a journal. */
  readonly checkpoint: RollbackReport["to"] | undefined;
  /** What was done outside since then, or since the child began, and stands. */
  readonly standing: readonly LaterEffect[];
}

/** A rung that was of no use. */
export interface TriedRung {
  readonly directive: Directive;
  readonly times: number;
}

const knownFields: readonly string[] = ["initial", "children", "planner", "timeoutMs", "maxReplans"] satisfies (keyof PlanSpec)[];

/** Checks a plan specification; throws `SpecError`. Its children are checked by whoever knows their supervisor. */
export function checkPlanSpec<L>(plan: PlanSpec<L>, field: string): CheckedPlanSpec<L> {
  checkFields(plan, { field, known: knownFields });
  if (typeof plan.children !== "function") throw new SpecError(`${field}.children`, "a function from a plan to child specs");
  return {
    ...plan,
    planner: checkAddress(plan.planner),
    timeoutMs: checkPositive(plan.timeoutMs ?? 60_000, `${field}.timeoutMs`),
    maxReplans: checkCount(plan.maxReplans ?? 3, 0, `${field}.maxReplans`),
  };
}

/** Throws `SpecError` where the planner would be among those who failed. */
export function checkPlanner({ planner }: CheckedPlanSpec, supervisor: Address): void {
  if (isWithin(planner, supervisor))
    throw new SpecError("plan.planner", `${planner} is not outside of ${supervisor}: it could be what fails`);
}
