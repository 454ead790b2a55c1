import {
  childAddress,
  isStoredSupervision,
  rememberChildren,
  type Clocks,
  type PastChild,
  type Supervision,
  type SupervisionStep,
} from "@orgtree/core";
import type { Incarnation } from "../actor/incarnation.ts";
import { pastOf } from "./child-moment.ts";

/** What the root knows of the children of an earlier process, whom people start again, and of those who cannot go on. */
export class EarlierChildren {
  readonly #life: Incarnation;
  readonly #supervision: Supervision;
  /** Children that went on where those of an earlier process were, as they were then. */
  readonly #resumed = new Map<string, PastChild>();

  constructor(life: Incarnation, supervision: Supervision) {
    this.#life = life;
    this.#supervision = supervision;
  }

  /** Reads what the root of the earlier process has stored. */
  remember(clocks: Clocks): void {
    const { address, kernel } = this.#life.cell;
    const state = kernel.store?.take?.(address)?.durable.state;
    if (isStoredSupervision(state)) rememberChildren(this.#supervision, state, clocks);
  }

  /** This one goes on. */
  resumed(id: string): void {
    this.#resumed.set(id, pastOf(this.#supervision.table.get(id)!));
  }

  /** Its tree stays as it is stored. */
  isParked(id: string): boolean {
    const { address, kernel } = this.#life.cell;
    return kernel.store?.isParked?.(childAddress(address, id)) === true;
  }

  /** Who cannot go on under this program is given up by it, and not by the next. */
  keepParked(steps: readonly SupervisionStep[]): void {
    const { table, past } = this.#supervision;
    for (const step of steps) {
      const before = (step.kind === "drop" || step.kind === "start") && this.isParked(step.id) ? this.#resumed.get(step.id) : undefined;
      if (before === undefined) continue;
      const { id, kind } = step as SupervisionStep & { kind: "drop" | "start" };
      if (kind === "drop") past.set(id, before);
      else table.get(id)!.birth = before.birth;
    }
  }
}
