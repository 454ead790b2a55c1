import type { SupervisionEvent } from "@orgtree/core";
import type { BudgetAccount } from "../kernel/budget-account.ts";
import type { Logic } from "../logic.ts";

/** How a cell's supervisor hears of it. */
export interface Supervisor {
  hear(event: SupervisionEvent<Logic>): void;
  /** The account from which its children's budgets are taken. */
  readonly account: BudgetAccount | undefined;
  /** The version of the plan that its children follow from; undefined where there is none. */
  readonly planVersion: number | undefined;
}

/** How an incarnation ended, in the words of its supervisor. */
export type Ending = "exited" | "start-failed" | "start-ignored";
