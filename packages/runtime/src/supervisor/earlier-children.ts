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
    const state = kernel.past.take(address)?.durable.state;
    if (isStoredSupervision(state)) rememberChildren(this.#supervision, state, clocks);
    for (const [id, { gaveUp }] of this.#supervision.past) {
      if (gaveUp === undefined) continue;
      const top = childAddress(address, id);
      kernel.recovery.staysAway(top);
      kernel.past.keep(top, gaveUp);
    }
  }

  /** It was given up because of a failure, and stays as it is. */
  keep(id: string): void {
    const { address, kernel } = this.#life.cell;
    const gaveUp = this.#supervision.past.get(id)?.gaveUp;
    if (gaveUp !== undefined) kernel.past.keep(childAddress(address, id), gaveUp);
  }

  /** Whoever lived here is somebody else from now on; what he had sent is handed over all the same. */
  end(id: string): void {
    const { address, kernel } = this.#life.cell;
    const top = childAddress(address, id);
    kernel.endPlace(top, kernel.past.booksOf(top));
    kernel.recovery.beginsAfresh(top);
  }

  /** This one goes on. */
  resumed(id: string): void {
    this.#resumed.set(id, pastOf(this.#supervision.table.get(id)!));
  }

  /** Its tree stays as it is stored. */
  isParked(id: string): boolean {
    const { address, kernel } = this.#life.cell;
    return kernel.past.isParked(childAddress(address, id));
  }

  /** Who cannot go on under this program is given up by it, and not by the next. */
  keepParked(steps: readonly SupervisionStep[]): void {
    const { table, past } = this.#supervision;
    for (const step of steps) {
      if ((step.kind !== "drop" && step.kind !== "forget" && step.kind !== "start") || !this.isParked(step.id)) continue;
      const before = this.#resumed.get(step.id);
      if (before === undefined) continue;
      if (step.kind === "start") table.get(step.id)!.birth = before.birth;
      else past.set(step.id, before);
    }
  }
}
