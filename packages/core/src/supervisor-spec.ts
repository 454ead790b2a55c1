import { checkChildSpec, checkIntensity, type CheckedChildSpec, type ChildSpec } from "./child-spec.ts";
import { SpecError } from "./errors.ts";
import { defaultIntensity, type RestartIntensity } from "./intensity.ts";
import type { AutoShutdown, Strategy } from "./strategy.ts";

/** How a supervisor treats its children, and which it starts with. OTP's supervisor flags and child list. */
export interface SupervisorSpec<L = unknown> {
  /** Default `one-for-one`. */
  readonly strategy?: Strategy | undefined;
  /** Default 1 restart in 5,000 ms, as in OTP. */
  readonly intensity?: RestartIntensity | undefined;
  /** Default `never`. Not for `dynamic`. */
  readonly autoShutdown?: AutoShutdown | undefined;
  /** The children, in start order. A dynamic supervisor starts with none. */
  readonly children?: readonly ChildSpec<L>[] | undefined;
  /** Dynamic only: what `startChild` starts when it is given no logic of its own. */
  readonly template?: Omit<ChildSpec<L>, "id"> | undefined;
  /** Most children at a time, those being restarted included. An integer, at least 1. Default 100,000. */
  readonly maxChildren?: number | undefined;
}

/** A supervisor specification with its defaults filled in. */
export interface CheckedSupervisorSpec<L = unknown> {
  readonly strategy: Strategy;
  readonly intensity: RestartIntensity;
  readonly autoShutdown: AutoShutdown;
  readonly children: readonly CheckedChildSpec<L>[];
  readonly template: Omit<ChildSpec<L>, "id"> | undefined;
  readonly maxChildren: number;
}

/** Tells the type of a child from its logic; the runtime knows, core does not. */
export type TypeOf<L> = (logic: L) => "worker" | "supervisor";

const strategies: readonly string[] = ["one-for-one", "one-for-all", "rest-for-one", "dynamic"] satisfies Strategy[];
const autoShutdowns: readonly string[] = ["never", "any-significant", "all-significant"] satisfies AutoShutdown[];

/** Checks a supervisor specification and every child in it; throws `SpecError`. */
export function checkSupervisorSpec<L>(spec: SupervisorSpec<L>, field: string, typeOf: TypeOf<L>): CheckedSupervisorSpec<L> {
  if (typeof spec !== "object" || spec === null)
    throw new SpecError(field, "a supervisor spec is an object { strategy, intensity, children, … }");
  const strategy = spec.strategy ?? "one-for-one";
  if (!strategies.includes(strategy))
    throw new SpecError(`${field}.strategy`, `one of ${strategies.join(", ")}, not ${JSON.stringify(strategy)}`);
  const autoShutdown = spec.autoShutdown ?? "never";
  if (!autoShutdowns.includes(autoShutdown)) {
    throw new SpecError(`${field}.autoShutdown`, `one of ${autoShutdowns.join(", ")}, not ${JSON.stringify(autoShutdown)}`);
  }
  const dynamic = strategy === "dynamic";
  if (dynamic && autoShutdown !== "never") throw new SpecError(`${field}.autoShutdown`, "a dynamic supervisor has no significant children");
  if (dynamic && (spec.children?.length ?? 0) > 0)
    throw new SpecError(`${field}.children`, "a dynamic supervisor starts empty; use startChild");
  if (!dynamic && spec.template !== undefined) throw new SpecError(`${field}.template`, "only a dynamic supervisor has a template");
  const maxChildren = spec.maxChildren ?? 100_000;
  if (!(Number.isInteger(maxChildren) && maxChildren >= 1))
    throw new SpecError(`${field}.maxChildren`, `an integer of at least 1, not ${String(maxChildren)}`);
  const flags = { strategy, autoShutdown };
  const children = (spec.children ?? []).map((child, at) => checkChildOf(flags, child, { field: `${field}.children[${at}]`, typeOf }));
  checkDistinct(children, `${field}.children`);
  if (children.length > maxChildren)
    throw new SpecError(`${field}.children`, `${children.length} children, but maxChildren is ${maxChildren}`);
  return {
    strategy,
    intensity: checkIntensity(spec.intensity ?? defaultIntensity, `${field}.intensity`),
    autoShutdown,
    children,
    template: spec.template,
    maxChildren,
  };
}

/** Checks one child spec under a supervisor with these flags; throws `SpecError`. */
export function checkChildOf<L>(
  flags: { strategy: Strategy; autoShutdown: AutoShutdown },
  child: ChildSpec<L>,
  context: { field: string; typeOf: TypeOf<L> },
): CheckedChildSpec<L> {
  const logic = (child as ChildSpec<L> | null)?.logic;
  const type = logic === undefined || logic === null ? "worker" : context.typeOf(logic);
  const checked = checkChildSpec(child, context.field, type);
  if (checked.significant && flags.strategy === "dynamic")
    throw new SpecError(`${context.field}.significant`, "a dynamic supervisor has no significant children");
  if (checked.significant && flags.autoShutdown === "never") {
    throw new SpecError(`${context.field}.significant`, "means nothing while the supervisor's autoShutdown is never");
  }
  return checked;
}

function checkDistinct(children: readonly CheckedChildSpec[], field: string): void {
  const seen = new Set<string>();
  for (const { id } of children) {
    if (seen.has(id)) throw new SpecError(field, `two children have the id "${id}"`);
    seen.add(id);
  }
}
