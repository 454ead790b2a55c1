import type { Clock } from "@orgtree/core";

/** A timer that can be cancelled. */
export interface Timer {
  readonly dueMs: number;
  /** False once it fired or was cancelled. */
  readonly pending: boolean;
}

/** A timer that a queue can hold. Whoever needs many of them makes them part of what they are for. */
export abstract class QueueTimer implements Timer {
  dueMs = 0;
  /** Its place among those that are due at the same time. */
  order = 0;
  pending = false;

  /** It is due. */
  abstract fire(): void;
}

/** A timer that calls a function. */
class Call extends QueueTimer {
  readonly #due: () => void;

  constructor(due: () => void) {
    super();
    this.#due = due;
  }

  fire(): void {
    this.#due();
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
  #heap: QueueTimer[] = [];
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
    const timer = new Call(due);
    this.start(timer, delayMs);
    return timer;
  }

  /** Fires `timer`, which is not pending, once: like `set`. */
  start(timer: QueueTimer, delayMs: number): void {
    timer.dueMs = this.#clock.nowMs() + (delayMs > 0 ? delayMs : 0);
    timer.order = this.#order++;
    timer.pending = true;
    this.#pending++;
    this.#siftUp(timer);
    if (timer.dueMs < this.#armedMs && !this.#firing) this.#arm();
  }

  cancel(timer: Timer): void {
    if (!timer.pending) return;
    (timer as QueueTimer).pending = false;
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
      if (first.pending && (first.dueMs > nowMs || first.order >= order)) return;
      this.#removeFirst();
      if (first.pending) this.#run(first);
    }
  }

  #run(timer: QueueTimer): void {
    timer.pending = false;
    this.#pending--;
    try {
      timer.fire();
    } catch (error) {
      this.#onError(error);
    }
  }

  #removeFirst(): void {
    const last = this.#heap.pop()!;
    if (this.#heap.length > 0) this.#siftDown(last);
  }

  #siftUp(entry: QueueTimer): void {
    const heap = this.#heap;
    let at = heap.length;
    // A list that is pushed to makes room for many; mostly there is one.
    if (at === 0) this.#heap = [entry];
    else heap.push(entry);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(entry, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = entry;
  }

  #siftDown(entry: QueueTimer): void {
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
    const pending = this.#heap.filter((entry) => entry.pending);
    this.#heap = [];
    for (const entry of pending) this.#siftUp(entry);
  }
}

function isBefore(a: QueueTimer, b: QueueTimer): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);
}
