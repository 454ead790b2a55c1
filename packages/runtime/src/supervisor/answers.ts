import { SpecError, type ChildSpec, type Directive, type OnFailure, type SupervisorSpec } from "@orgtree/core";
import type { Logic } from "../logic.ts";

/** The keys of a class map under which one of the answers is this directive. What is no map has none: it is refused elsewhere. */
export function keysWith(onFailure: OnFailure | undefined, directive: Directive): readonly string[] {
  if (typeof onFailure !== "object" || onFailure === null) return [];
  return Object.entries(onFailure).flatMap(([key, answers]) => {
    const rungs = Array.isArray(answers) ? (answers as readonly unknown[]) : [answers];
    const is = (rung: unknown): boolean =>
      rung === directive || (rung as { readonly directive?: unknown } | null | undefined)?.directive === directive;
    return rungs.some(is) ? [key] : [];
  });
}

/** Throws `SpecError` for a child that is to have a new plan of a supervisor that has no plan: it would never come. */
export function checkReplan({ plan, children, template }: SupervisorSpec<Logic>): void {
  if (plan !== undefined) return;
  const all = (Array.isArray(children) ? (children as readonly unknown[]) : []).map((child, at) => ({ child, field: `children[${at}]` }));
  for (const { child, field } of [...all, { child: template, field: "template" }]) {
    const [key] = keysWith((child as { readonly onFailure?: OnFailure } | null | undefined)?.onFailure, "replan");
    if (key === undefined) continue;
    throw new SpecError(
      `${field}.onFailure.${key}`,
      "replan needs a supervisor with a plan, and this one has none: give it one, or answer otherwise",
    );
  }
}

/** Throws `SpecError` for a child that is to be put back to a checkpoint in a system that keeps none. */
export function checkRollback(child: Pick<ChildSpec, "onFailure"> | undefined, field: string, hasJournal: boolean): void {
  if (hasJournal) return;
  const [key] = keysWith(child?.onFailure, "rollback");
  if (key === undefined) return;
  throw new SpecError(
    `${field}.onFailure.${key}`,
    "rollback needs a journal, and this system has none: give createActorSystem one, or answer otherwise",
  );
}
