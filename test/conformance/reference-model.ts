import type { End, Flags, Plan, WorkerPlan } from "./reference-plan.ts";
import { Supervisor } from "./reference-supervisor.ts";

/** Turns, timers, the trace: what all supervisors of one model share. */
export class Model {
  readonly trace: string[] = [];
  readonly top: Supervisor;
  nowMs = 0;
  exit: End | undefined;
  readonly #turns: (() => void)[] = [];
  #timers: { readonly dueMs: number; readonly due: () => void }[] = [];
  readonly #starts = new Map<string, number>();

  constructor(flags: Flags, children: readonly Plan[]) {
    this.top = new Supervisor(this, { path: "", flags, children });
    this.top.onEnd = (end) => {
      this.trace.push(`-sup ${end.kind}`);
      this.exit = end;
    };
  }

  /** Whose turn it is next; one after the other. */
  later(turn: () => void): void {
    this.#turns.push(turn);
  }

  settle(): void {
    for (let turn = this.#turns.shift(); turn !== undefined; turn = this.#turns.shift()) turn();
  }

  /** Gives back how the timer is cancelled. */
  timer(delayMs: number, due: () => void): () => void {
    const timer = { dueMs: this.nowMs + delayMs, due };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  advance(ms: number): void {
    const untilMs = this.nowMs + ms;
    for (;;) {
      const dueMs = Math.min(...this.#timers.map((timer) => timer.dueMs));
      if (dueMs > untilMs) break;
      this.nowMs = dueMs;
      for (const timer of this.#timers.filter((other) => other.dueMs === dueMs)) {
        if (!this.#timers.includes(timer)) continue; // Cancelled by the one before.
        this.#timers = this.#timers.filter((other) => other !== timer);
        timer.due();
      }
      this.settle();
    }
    this.nowMs = untilMs;
  }

  /** How the next start of the worker at `path` ends. */
  nextStart(path: string, plan: WorkerPlan): "ok" | "fail" | "ignore" {
    const past = this.#starts.get(path) ?? 0;
    this.#starts.set(path, past + 1);
    return plan.starts[Math.min(past, plan.starts.length - 1)]!;
  }
}
