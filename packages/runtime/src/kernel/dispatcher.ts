import type { Clock } from "@orgtree/core";

/** Something that has mail and wants turns. */
export interface Runnable {
  /** Set by the dispatcher while it is in the queue. */
  queued: boolean;
  /** Takes up to `turns` turns; true when it wants more. */
  run(turns: number): boolean;
  /** `run` threw, which is a mistake of the runtime's own. */
  crashed(error: unknown): void;
}

/** Turns one actor may take before the others get theirs, and before somebody looks at the clock. */
const turnsPerSlice = 16;
/** Turns after which I/O and timers get their chance, and milliseconds, for turns that are slow. */
const turnsBetweenYields = 8_192;
const msBetweenYields = 10;

/**
 * Gives turns to the actors that have mail, fairly, without ever calling one from another's stack: a chain of a hundred
 * thousand sends needs no stack at all.
 *
 * Work begins in a microtask, so an ask is answered without a trip through the event loop; a busy system yields to I/O
 * regularly.
 */
export class Dispatcher {
  readonly #clock: Clock;
  readonly #onStall: (runnable: Runnable, ms: number) => void;
  readonly #stallMs: number;
  #queue: Runnable[] = [];
  #next = 0;
  /** The monotonic time at which the current slice began: looked at once a slice, for whoever need not know better. */
  nowMs = 0;
  #armed = false;
  #sinceYield = 0;

  constructor(clock: Clock, stall: { readonly ms: number; readonly report: (runnable: Runnable, ms: number) => void }) {
    this.#clock = clock;
    this.#stallMs = stall.ms;
    this.#onStall = stall.report;
  }

  /** True when nobody waits for a turn. */
  get idle(): boolean {
    return this.#next === this.#queue.length;
  }

  schedule(runnable: Runnable): void {
    if (runnable.queued) return;
    runnable.queued = true;
    // A list that is pushed to makes room for many; mostly there is one.
    if (this.#queue.length === 0) this.#queue = [runnable];
    else this.#queue.push(runnable);
    if (!this.#armed) this.#arm();
  }

  #arm(): void {
    this.#armed = true;
    if (this.#sinceYield < turnsBetweenYields) {
      queueMicrotask(this.#work);
    } else {
      this.#sinceYield = 0;
      this.#clock.defer(this.#work);
    }
  }

  readonly #work = (): void => {
    this.#runSlices();
    if (this.#next === this.#queue.length) {
      this.#queue = [];
      this.#next = 0;
      this.#armed = false;
    } else {
      this.#arm();
    }
  };

  #runSlices(): void {
    const startMs = this.#clock.nowMs();
    this.nowMs = startMs;
    while (this.#next < this.#queue.length && this.#sinceYield < turnsBetweenYields) {
      const runnable = this.#queue[this.#next++]!;
      runnable.queued = false;
      const wantsMore = runSlice(runnable);
      const nowMs = this.#clock.nowMs();
      if (nowMs - this.nowMs > this.#stallMs) this.#onStall(runnable, nowMs - this.nowMs);
      this.nowMs = nowMs;
      this.#sinceYield = nowMs - startMs > msBetweenYields ? turnsBetweenYields : this.#sinceYield + turnsPerSlice;
      if (wantsMore) this.schedule(runnable);
      if (this.#next > 1_024 && this.#next * 2 > this.#queue.length) this.#compact();
    }
  }

  #compact(): void {
    this.#queue = this.#queue.slice(this.#next);
    this.#next = 0;
  }
}

/** A throw must not stop everybody else. */
function runSlice(runnable: Runnable): boolean {
  try {
    return runnable.run(turnsPerSlice);
  } catch (error) {
    runnable.crashed(error);
    return false;
  }
}
