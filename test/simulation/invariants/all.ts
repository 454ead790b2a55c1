import type { Facts } from "../facts.ts";
import * as budgets from "./budgets.ts";
import * as delivery from "./delivery.ts";
import type { Invariant } from "./invariant.ts";
import * as memory from "./memory.ts";
import * as plans from "./plans.ts";
import * as rollback from "./rollback.ts";
import * as supervision from "./supervision.ts";
import * as timeAndWork from "./time-and-work.ts";

/** What holds in every run: all that these files export. */
const invariants = [memory, rollback, budgets, plans, delivery, timeAndWork, supervision].flatMap((file): readonly Invariant[] =>
  Object.values(file),
);

/** An invariant that did not hold. */
export interface Violation {
  readonly invariant: string;
  readonly problem: string;
}

/** The first invariant that does not hold; undefined where all do. Safety first. */
export function findViolation(facts: Facts): Violation | undefined {
  for (const isStuck of [undefined, true] as const) {
    for (const invariant of invariants) {
      const problem = invariant.isStuck === isStuck ? invariant.check(facts) : undefined;
      if (problem !== undefined) return { invariant: invariant.name, problem };
    }
  }
  return undefined;
}
