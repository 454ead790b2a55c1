import type { Due } from "../durable/due.ts";
import type { MachineTimer } from "./machine-timers.ts";

/** A timer, and when it is due. */
export interface PlannedTimer extends MachineTimer, Due {}

/** The timers of a machine and of all below it as the turn that is computed will leave them. The real ones follow when it is committed. */
export class TimerPlan {
  #planned: readonly PlannedTimer[] = none;
  #committed: readonly PlannedTimer[] = none;

  get all(): readonly PlannedTimer[] {
    return this.#planned;
  }

  /** Plans a timer; one of the same owner and id goes. */
  set(timer: PlannedTimer): void {
    this.#planned = [...without(this.#planned, timer), timer];
  }

  /** False when there is none. */
  cancel(owner: unknown, id: string): boolean {
    const before = this.#planned;
    this.#planned = without(before, { owner, id });
    return this.#planned !== before;
  }

  cancelAll(owner: unknown): boolean {
    const left = this.#planned.filter((timer) => timer.owner !== owner);
    if (left.length === this.#planned.length) return false;
    this.#planned = left;
    return true;
  }

  /** The timer has fired and its event is taken up, whatever becomes of that turn. */
  redeem(timer: MachineTimer): void {
    this.#planned = without(this.#planned, timer);
    this.#committed = without(this.#committed, timer);
  }

  commit(): void {
    this.#committed = this.#planned;
  }

  rollback(): void {
    this.#planned = this.#committed;
  }
}

function without(timers: readonly PlannedTimer[], { owner, id }: Pick<MachineTimer, "owner" | "id">): readonly PlannedTimer[] {
  const left = timers.filter((timer) => timer.owner !== owner || timer.id !== id);
  return left.length === timers.length ? timers : left;
}

const none: readonly PlannedTimer[] = [];
