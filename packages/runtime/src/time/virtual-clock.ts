import type { Clock } from "@orgtree/core";

interface VirtualTimer {
  readonly dueMs: number;
  readonly order: number;
  readonly due: () => void;
}

const leastRounds = 8;
/** Work that defers itself until time moves, such as a drain, would never settle. */
const mostRounds = 10_000;

/**
 * Time that a test owns: it moves only when told to, and a day passes at once.
 *
 * @example
 * const clock = new VirtualClock();
 * const system = createActorSystem({ clock });
 * await clock.advance(60_000);
 */
export class VirtualClock implements Clock {
  readonly #epochAtStartMs: number;
  #nowMs = 0;
  #order = 0;
  readonly #timers = new Set<VirtualTimer>();
  #deferred = 0;

  constructor(epochMs: number = Date.UTC(2026, 0, 1)) {
    this.#epochAtStartMs = epochMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  epochMs(): number {
    return this.#epochAtStartMs + this.#nowMs;
  }

  setTimer(delayMs: number, due: () => void): () => void {
    const timer = { dueMs: this.#nowMs + Math.max(0, delayMs), order: this.#order++, due };
    this.#timers.add(timer);
    return () => {
      this.#timers.delete(timer);
    };
  }

  defer(work: () => void): void {
    this.#deferred++;
    setImmediate(() => {
      this.#deferred--;
      work();
    });
  }

  /** Timers that are set, for tests of leaks. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Lets everything happen that needs no time: promises, deferred work, turns. */
  async settle(): Promise<void> {
    // Each round empties the microtask queue and one batch of deferred work; work that begets work needs more rounds.
    for (let round = 0; round < leastRounds || (this.#deferred > 0 && round < mostRounds); round++) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Moves time on by `ms`, timer by timer in the order they are due, letting everything settle in between. */
  async advance(ms: number): Promise<void> {
    if (!(ms >= 0)) throw new RangeError(`time does not go back: advance takes at least 0 ms, not ${ms}`);
    const untilMs = this.#nowMs + ms;
    await this.settle();
    for (let timer = this.#next(untilMs); timer !== undefined; timer = this.#next(untilMs)) {
      this.#nowMs = Math.max(this.#nowMs, timer.dueMs);
      this.#timers.delete(timer);
      timer.due();
      await this.settle();
    }
    this.#nowMs = untilMs;
  }

  #next(untilMs: number): VirtualTimer | undefined {
    let first: VirtualTimer | undefined;
    for (const timer of this.#timers) {
      if (timer.dueMs > untilMs) continue;
      if (first === undefined || timer.dueMs < first.dueMs || (timer.dueMs === first.dueMs && timer.order < first.order)) first = timer;
    }
    return first;
  }
}
