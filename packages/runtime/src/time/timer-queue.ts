import type { Clock } from "@orgtree/core";

/** A timer that can be cancelled. */
export interface Timer {
  readonly dueMs: number;
  /** False once it fired or was cancelled. */
  readonly pending: boolean;
}

class Entry implements Timer {
  readonly dueMs: number;
  readonly order: number;
  due: (() => void) | undefined;

  constructor(dueMs: number, order: number, due: () => void) {
    this.dueMs = dueMs;
    this.order = order;
    this.due = due;
  }

  get pending(): boolean {
    return this.due !== undefined;
  }
}

/**
 * All timers of a system over one timer of its clock: a heap by due time, first set first fired among equals.
 *
 * Most timers are deadlines that are cancelled, so cancelling only marks; marked entries are swept when they outnumber the
 * pending ones.
 *
 * A timer that is set by another one waits for the next time round, however short its delay: timers that set timers must
 * not keep everything else from running.
 */
export class TimerQueue {
  readonly #clock: Clock;
  readonly #onError: (error: unknown) => void;
  #heap: Entry[] = [];
  #pending = 0;
  #order = 0;
  #armedMs = Infinity;
  #disarm: (() => void) | undefined;
  #firing = false;
  #resting = false;

  constructor(clock: Clock, onError: (error: unknown) => void) {
    this.#clock = clock;
    this.#onError = onError;
  }

  /** Timers that have neither fired nor been cancelled. */
  get pending(): number {
    return this.#pending;
  }

  /** Calls `due` once, not before `delayMs` have passed; never when that is `Infinity`, soon when it is no number. */
  set(delayMs: number, due: () => void): Timer {
    const entry = new Entry(this.#clock.nowMs() + (delayMs > 0 ? delayMs : 0), this.#order++, due);
    this.#pending++;
    this.#siftUp(entry);
    if (entry.dueMs < this.#armedMs && !this.#firing) this.#arm();
    return entry;
  }

  cancel(timer: Timer): void {
    const entry = timer as Entry;
    if (entry.due === undefined) return;
    entry.due = undefined;
    this.#pending--;
    if (this.#pending === 0) this.#rest();
    else if (this.#heap.length > 1_024 && this.#heap.length > 2 * this.#pending) this.#sweep();
  }

  /** Gives the clock's timer back at once where nothing is pending: the end of a system. */
  close(): void {
    if (this.#pending === 0) this.#clear();
  }

  /**
   * Nothing pending: the clock's timer goes too, so that it does not keep the process alive; but not at once, for one ask
   * after the other would set and clear a timer of Node's for each, at several times the cost of the ask.
   */
  #rest(): void {
    this.#heap = [];
    if (this.#resting || this.#disarm === undefined) return;
    this.#resting = true;
    this.#clock.defer(() => {
      this.#resting = false;
      if (this.#pending === 0) this.#clear();
    });
  }

  #clear(): void {
    this.#heap = [];
    this.#disarm?.();
    this.#disarm = undefined;
    this.#armedMs = Infinity;
  }

  #arm(): void {
    this.#disarm?.();
    const first = this.#heap[0]!;
    this.#armedMs = first.dueMs;
    this.#disarm = this.#clock.setTimer(Math.max(0, first.dueMs - this.#clock.nowMs()), () => this.#fire());
  }

  #fire(): void {
    this.#disarm = undefined;
    this.#armedMs = Infinity;
    this.#firing = true;
    try {
      this.#fireDue(this.#clock.nowMs(), this.#order);
    } finally {
      this.#firing = false;
      if (this.#pending === 0) this.#clear();
      else if (this.#heap[0]!.dueMs < Infinity) this.#arm();
    }
  }

  /** Fires what is due and was set before `order`; the heap's order puts everything younger behind it. */
  #fireDue(nowMs: number, order: number): void {
    while (this.#heap.length > 0) {
      const first = this.#heap[0]!;
      if (first.due !== undefined && (first.dueMs > nowMs || first.order >= order)) return;
      const { due } = this.#takeFirst();
      if (due !== undefined) this.#run(due);
    }
  }

  #run(due: () => void): void {
    try {
      due();
    } catch (error) {
      this.#onError(error);
    }
  }

  #takeFirst(): { due: (() => void) | undefined } {
    const first = this.#heap[0]!;
    const last = this.#heap.pop()!;
    if (this.#heap.length > 0) this.#siftDown(last);
    const { due } = first;
    if (due !== undefined) this.#pending--;
    first.due = undefined;
    return { due };
  }

  #siftUp(entry: Entry): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(entry, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = entry;
  }

  #siftDown(entry: Entry): void {
    const heap = this.#heap;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, entry)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = entry;
  }

  #sweep(): void {
    const pending = this.#heap.filter((entry) => entry.due !== undefined);
    this.#heap = [];
    for (const entry of pending) this.#siftUp(entry);
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);
}
