import type { Clock } from "@orgtree/core";
import type { Agenda } from "./agenda.ts";

/**
 * One process as the world sees it: it lives until it is cut. All its ports ask here, so that a process can end between any
 * two things that it does to the world, and does nothing more to it afterwards, whatever its code still computes.
 */
export class LifeLine {
  readonly number: number;
  readonly #agenda: Agenda;
  #alive = true;
  /** Steps of its ports until `onLast` is called; undefined while no end is near. */
  #left: number | undefined;
  #onLast: (() => void) | undefined;

  constructor(number: number, agenda: Agenda) {
    this.number = number;
    this.#agenda = agenda;
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** Calls `strike` when `skip` more steps of its ports were made. */
  arm(skip: number, strike: () => void): void {
    this.#left = skip;
    this.#onLast = strike;
  }

  disarm(): void {
    this.#left = undefined;
  }

  get armed(): boolean {
    return this.#left !== undefined;
  }

  /** A port is about to do something: false when its process has ended, perhaps at this very moment. */
  passes(): boolean {
    if (!this.#alive) return false;
    if (this.#left !== undefined && this.#left-- <= 0) {
      this.#left = undefined;
      this.#onLast!();
    }
    return this.#alive;
  }

  cut(): void {
    this.#alive = false;
  }

  /** Work of this process, later; nothing once it is cut. */
  after(delayMs: number, work: () => void): () => void {
    return this.#agenda.after(delayMs, () => {
      if (this.passes()) work();
    });
  }
}

/** The clock of one process: the world's time, counted from an arbitrary start. */
export function clockOf(line: LifeLine, agenda: Agenda, startMs: number): Clock {
  return {
    nowMs: () => agenda.nowMs + startMs,
    epochMs: () => epochAtStartMs + agenda.nowMs,
    setTimer: (delayMs, due) => line.after(delayMs, due),
    defer: (work) => void agenda.after(0, () => line.alive && work()),
  };
}

/** When every run begins, milliseconds since 1970. */
export const epochAtStartMs = Date.UTC(2026, 0, 1);
