import { checkChildSpec, checkIntensity, type CheckedChildSpec, type ChildSpec } from "./child-spec.ts";
import { SpecError } from "../errors.ts";
import { checkFields } from "../known-fields.ts";
import { defaultIntensity, defaultRollbackIntensity, type RestartIntensity } from "./intensity.ts";
import { checkPlanSpec, type CheckedPlanSpec, type PlanSpec } from "./plan-spec.ts";
import type { AutoShutdown, Strategy } from "./strategy.ts";
import { checkCount, checkWord } from "../value-check.ts";

/** How a supervisor treats its children, and which it starts with. OTP's supervisor flags and child list. */
export interface SupervisorSpec<L = unknown> {
  /** Default `one-for-one`. */
  readonly strategy?: Strategy | undefined;
  /** Default 1 restart in 5,000 ms, as in OTP. */
  readonly intensity?: RestartIntensity | undefined;
  /**
   * How often actors may have the same child put back by `rollback-child`. Whoever is told of a rollback may ask for it again each time:
   * beyond that the supervisor gives up, with a failure of class `loop`. Default 10 in 60,000 ms.
   */
  readonly rollbackIntensity?: RestartIntensity | undefined;
  /** Default `never`. Not for `dynamic`. */
  readonly autoShutdown?: AutoShutdown | undefined;
  /** The children, in start order. A dynamic supervisor starts with none. */
  readonly children?: readonly ChildSpec<L>[] | undefined;
  /** Dynamic only: what `startChild` starts when it is given no logic of its own. */
  readonly template?: Omit<ChildSpec<L>, "id"> | undefined;
  /** In place of `children`: they follow from a plan, and a new plan can be made. Not for `dynamic`. */
  readonly plan?: PlanSpec<L> | undefined;
  /** Most children at a time, those being restarted included. An integer, at least 1. Default 100,000. */
  readonly maxChildren?: number | undefined;
}

/** A supervisor specification with its defaults filled in. */
export interface CheckedSupervisorSpec<L = unknown> {
  readonly strategy: Strategy;
  readonly intensity: RestartIntensity;
  readonly rollbackIntensity: RestartIntensity;
  readonly autoShutdown: AutoShutdown;
  readonly children: readonly CheckedChildSpec<L>[];
  readonly template: Omit<ChildSpec<L>, "id"> | undefined;
  readonly plan: CheckedPlanSpec<L> | undefined;
  readonly maxChildren: number;
}

const knownFields: readonly (keyof SupervisorSpec)[] = [
  "strategy",
  "intensity",
  "rollbackIntensity",
  "autoShutdown",
  "children",
  "plan",
  "template",
  "maxChildren",
];

/** Tells the type of a child from its logic; the runtime knows, core does not. */
export type TypeOf<L> = (logic: L) => "worker" | "supervisor";

const strategies: readonly string[] = ["one-for-one", "one-for-all", "rest-for-one", "dynamic"] satisfies Strategy[];
const autoShutdowns: readonly string[] = ["never", "any-significant", "all-significant"] satisfies AutoShutdown[];

/** Checks a supervisor specification and every child in it; throws `SpecError`. */
export function checkSupervisorSpec<L>(spec: SupervisorSpec<L>, field: string, typeOf: TypeOf<L>): CheckedSupervisorSpec<L> {
  checkFields(spec, { field, known: knownFields });
  const strategy = checkWord(spec.strategy ?? "one-for-one", strategies, `${field}.strategy`);
  const autoShutdown = checkWord(spec.autoShutdown ?? "never", autoShutdowns, `${field}.autoShutdown`);
  if (strategy === "dynamic" && autoShutdown !== "never")
    throw new SpecError(`${field}.autoShutdown`, "a dynamic supervisor has no significant children");
  const flags = { strategy, autoShutdown };
  const maxChildren = checkCount(spec.maxChildren ?? 100_000, 1, `${field}.maxChildren`);
  const plan = spec.plan === undefined ? undefined : checkPlan(spec, flags, `${field}.plan`);
  const children =
    plan === undefined
      ? checkChildren(spec.children ?? [], flags, { field: `${field}.children`, typeOf })
      : childrenOfPlan(plan, plan.initial, { flags, field: `${field}.plan.children`, typeOf });
  if (children.length > maxChildren)
    throw new SpecError(`${field}.children`, `${children.length} children, but maxChildren is ${maxChildren}`);
  checkTemplate(spec, flags, { field: `${field}.template`, typeOf });
  return {
    strategy,
    intensity: checkIntensity(spec.intensity ?? defaultIntensity, `${field}.intensity`),
    rollbackIntensity: checkIntensity(spec.rollbackIntensity ?? defaultRollbackIntensity, `${field}.rollbackIntensity`),
    autoShutdown,
    children,
    template: spec.template ?? undefined,
    plan,
    maxChildren,
  };
}

type Flags = Pick<CheckedSupervisorSpec, "strategy" | "autoShutdown">;

/** Where in the specification a check looks, and how it tells a supervisor from a worker. */
interface Place<L> {
  readonly field: string;
  readonly typeOf: TypeOf<L>;
}

function checkPlan<L>(spec: SupervisorSpec<L>, { strategy }: Flags, field: string): CheckedPlanSpec<L> {
  if (strategy === "dynamic") throw new SpecError(field, "a dynamic supervisor has no plan; its children are started one by one");
  if (spec.children !== undefined) throw new SpecError(field, "the children follow from the plan; leave `children` out");
  return checkPlanSpec(spec.plan!, field);
}

/** The children of a plan, checked; throws `SpecError`, and whatever the function of the specification throws. */
export function childrenOfPlan<L>(
  spec: CheckedPlanSpec<L>,
  plan: unknown,
  { flags, ...place }: Place<L> & { readonly flags: Flags },
): readonly CheckedChildSpec<L>[] {
  return checkChildren(spec.children(plan), flags, place);
}

function checkChildren<L>(children: readonly ChildSpec<L>[], flags: Flags, place: Place<L>): readonly CheckedChildSpec<L>[] {
  const { field, typeOf } = place;
  if (!Array.isArray(children)) throw new SpecError(field, "a list of child specs");
  if (flags.strategy === "dynamic" && children.length > 0) throw new SpecError(field, "a dynamic supervisor starts empty; use startChild");
  const checked = children.map((child, at) => checkChildOf(flags, child, { field: `${field}[${at}]`, typeOf }));
  checkDistinct(checked, field);
  return checked;
}

/** Dynamic supervisors only: `startChild` would find a bad template too late. */
function checkTemplate<L>(spec: SupervisorSpec<L>, flags: Flags, place: Place<L>): void {
  if (spec.template === undefined || spec.template === null) return;
  if (flags.strategy !== "dynamic") throw new SpecError(place.field, "only a dynamic supervisor has a template");
  checkChildOf(flags, { ...spec.template, id: "template" }, place);
}

/** Checks one child spec under a supervisor with these flags; throws `SpecError`. */
export function checkChildOf<L>(flags: Flags, child: ChildSpec<L>, place: Place<L>): CheckedChildSpec<L> {
  const { field, typeOf } = place;
  const logic = (child as ChildSpec<L> | null | undefined)?.logic;
  const type = logic === undefined || logic === null ? "worker" : typeOf(logic);
  const checked = checkChildSpec(child, field, type);
  if (checked.significant && flags.strategy === "dynamic")
    throw new SpecError(`${field}.significant`, "a dynamic supervisor has no significant children");
  if (checked.significant && flags.autoShutdown === "never")
    throw new SpecError(`${field}.significant`, "means nothing while the supervisor's autoShutdown is never");
  return checked;
}

function checkDistinct(children: readonly CheckedChildSpec[], field: string): void {
  const seen = new Set<string>();
  for (const { id } of children) {
    if (seen.has(id)) throw new SpecError(field, `two children have the id "${id}"`);
    seen.add(id);
  }
}
