import type { SeededRandom } from "./seeded-random.ts";

interface Item {
  readonly dueMs: number;
  /** Drawn, so that what is due at the same time comes in any order. */
  readonly rank: number;
  run: (() => void) | undefined;
}

/**
 * The seeded scheduler: all that happens in a simulation beside promises is an item here. Items come in the order of virtual
 * time; those that are due together in an order that the seed draws. Between two items everything settles that needs no time.
 */
export class Agenda {
  readonly #random: SeededRandom;
  #heap: Item[] = [];
  #nowMs = 0;
  /** Items that were run. */
  steps = 0;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  get isEmpty(): boolean {
    this.#skipCancelled();
    return this.#heap.length === 0;
  }

  /** Runs `work` after `delayMs`; gives back its cancellation. */
  after(delayMs: number, work: () => void): () => void {
    const item: Item = { dueMs: this.#nowMs + Math.max(0, delayMs), rank: this.#random.next(), run: work };
    this.#push(item);
    return () => {
      item.run = undefined;
    };
  }

  /** Runs what is due until `untilMs`, while it may. True when nothing more is due by then. */
  async run(untilMs: number, mayGoOn: () => boolean): Promise<boolean> {
    await nextRound();
    for (;;) {
      this.#skipCancelled();
      const next = this.#heap[0];
      if (next === undefined || next.dueMs > untilMs) break;
      if (!mayGoOn()) return false;
      this.#pop();
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      this.steps++;
      next.run!();
      await nextRound();
    }
    if (untilMs !== Infinity) this.#nowMs = Math.max(this.#nowMs, untilMs);
    return true;
  }

  #skipCancelled(): void {
    while (this.#heap.length > 0 && this.#heap[0]!.run === undefined) this.#pop();
  }

  #push(item: Item): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(item);
    while (at > 0 && isBefore(item, heap[(at - 1) >> 1]!)) {
      heap[at] = heap[(at - 1) >> 1]!;
      at = (at - 1) >> 1;
    }
    heap[at] = item;
  }

  #pop(): void {
    const heap = this.#heap;
    const item = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    for (let child = 1; child < heap.length; child = 2 * at + 1) {
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, item)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = item;
  }
}

function isBefore(a: Item, b: Item): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.rank < b.rank);
}

/** Everything that needs no time has happened when it resolves. */
function nextRound(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
