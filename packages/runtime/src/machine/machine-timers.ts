import type { AnyEventObject } from "xstate";
import type { Timer, TimerQueue } from "../time/timer-queue.ts";
import type { Trace } from "../actor/mail.ts";
import type { PlannedTimer } from "./timer-plan.ts";

/**
 * A timer of a machine or of one of its children. It is held until its event has been taken up, not until it fires, so that
 * an event which waited in the mailbox while its state was left, or left and entered again, is known to be too late.
 */
export interface MachineTimer {
  /** Who set it, and who may cancel it. */
  readonly owner: unknown;
  readonly id: string;
  readonly target: unknown;
  readonly event: AnyEventObject;
  /** What it belongs to. */
  readonly trace: Trace;
}

interface Armed extends MachineTimer {
  owner: unknown;
  target: unknown;
  event: AnyEventObject;
  timer: Timer | undefined;
}

/** The timers of one machine and of its children, by owner and id, over the runtime's queue. XState forgets its own. */
export class MachineTimers {
  readonly #queue: TimerQueue;
  #fired: (timer: MachineTimer) => void;
  /** Few timers have the same owner, so a list is smaller than a map, and as fast. */
  #byOwner = new Map<unknown, Armed[]>();

  constructor(queue: TimerQueue, fired: (timer: MachineTimer) => void) {
    this.#queue = queue;
    this.#fired = fired;
  }

  /** Sets a timer; one of the same owner and id is set again. */
  set(wanted: MachineTimer, delayMs: number): void {
    this.cancel(wanted.owner, wanted.id);
    const armed: Armed = { ...wanted, timer: undefined };
    armed.timer = this.#queue.set(delayMs, () => this.#fired(armed));
    const timers = this.#byOwner.get(wanted.owner);
    if (timers === undefined) this.#byOwner.set(wanted.owner, [armed]);
    else timers.push(armed);
  }

  /** The timer of this owner and id. */
  armed(owner: unknown, id: string): MachineTimer | undefined {
    return this.#find(owner, id);
  }

  #find(owner: unknown, id: string): Armed | undefined {
    return this.#byOwner.get(owner)?.find((timer) => timer.id === id);
  }

  cancel(owner: unknown, id: string): void {
    const armed = this.#find(owner, id);
    if (armed !== undefined) this.#remove(armed);
  }

  cancelAll(owner: unknown): void {
    const timers = this.#byOwner.get(owner);
    if (timers === undefined) return;
    this.#byOwner.delete(owner);
    for (const { timer } of timers) this.#queue.cancel(timer!);
  }

  /** Cancels everything. */
  clear(): void {
    for (const owner of this.#byOwner.keys()) this.cancelAll(owner);
  }

  /**
   * For tests: the timers go on for actors that have taken the place of those who set them. Only those that are planned are kept,
   * with what is planned.
   */
  handOver(plan: readonly PlannedTimer[], heirOf: (actor: unknown) => unknown, fired: (timer: MachineTimer) => void): void {
    this.#fired = fired;
    const before = [...this.#byOwner.values()].flat();
    this.#byOwner = new Map();
    for (const armed of before) {
      const owner = heirOf(armed.owner);
      const planned = plan.find((timer) => timer.owner === owner && timer.id === armed.id);
      if (planned === undefined) {
        this.#queue.cancel(armed.timer!);
        continue;
      }
      Object.assign(armed, { owner, target: planned.target, event: planned.event });
      const timers = this.#byOwner.get(owner);
      if (timers === undefined) this.#byOwner.set(owner, [armed]);
      else timers.push(armed);
    }
  }

  /** True when the timer, which has fired, has been neither cancelled nor set again since; it is used up by that. */
  redeem(fired: MachineTimer): boolean {
    if (this.#byOwner.get(fired.owner)?.includes(fired as Armed) !== true) return false;
    this.#remove(fired as Armed);
    return true;
  }

  #remove(armed: Armed): void {
    const timers = this.#byOwner.get(armed.owner)!;
    if (timers.length === 1) this.#byOwner.delete(armed.owner);
    else timers.splice(timers.indexOf(armed), 1);
    this.#queue.cancel(armed.timer!);
  }
}
