import type { Clock } from "@orgtree/core";
import type { VirtualClock } from "@orgtree/runtime";

/** The clock of one process: a little fast or slow, and its timers stand still while the process is stopped. */
export class NodeClock implements Clock {
  readonly #truth: VirtualClock;
  readonly #rate: number;
  readonly #offsetMs: number;
  readonly #held: (() => void)[] = [];
  #isStopped = false;

  constructor(truth: VirtualClock, { rate = 1, offsetMs = 0 }: { readonly rate?: number; readonly offsetMs?: number } = {}) {
    this.#truth = truth;
    this.#rate = rate;
    this.#offsetMs = offsetMs;
  }

  nowMs(): number {
    return this.#truth.nowMs() * this.#rate + this.#offsetMs;
  }

  epochMs(): number {
    return this.#truth.epochMs();
  }

  setTimer(delayMs: number, due: () => void): () => void {
    let isCancelled = false;
    const cancel = this.#truth.setTimer(delayMs / this.#rate, () => this.#run(() => void (isCancelled || due())));
    return () => {
      isCancelled = true;
      cancel();
    };
  }

  defer(work: () => void): void {
    this.#truth.defer(() => this.#run(work));
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** As SIGSTOP does: time goes on, and nothing happens. */
  stop(): void {
    this.#isStopped = true;
  }

  /** As SIGCONT does: what has become due meanwhile happens now. */
  resume(): void {
    this.#isStopped = false;
    for (const work of this.#held.splice(0)) this.#run(work);
  }

  #run(work: () => void): void {
    if (this.#isStopped) this.#held.push(work);
    else work();
  }
}
