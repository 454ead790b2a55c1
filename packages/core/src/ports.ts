/**
 * Ports: what the machinery packages need of the world and of each other, as small types. They are joined in one place, the
 * package `orgtree`; nobody imports a twin's package.
 */
import type { Address } from "./address.ts";
import type { SystemEvent } from "./events.ts";

/** Time. The only source of it below `main.ts`, so that a test or the simulator can own it. */
export interface Clock {
  /** Monotonic milliseconds since an arbitrary start; never goes back. */
  nowMs(): number;
  /** Milliseconds since 1970, for people and for records that outlive the process. May jump. */
  epochMs(): number;
  /** Calls `due` once, not before `delayMs` have passed; any finite delay, over 24.8 days too. Returns its cancellation. */
  setTimer(delayMs: number, due: () => void): () => void;
  /** Calls `work` soon, after the current work and pending promises, letting I/O in between. */
  defer(work: () => void): void;
}

/** Randomness. */
export interface Random {
  /** A number in [0, 1). */
  next(): number;
}

/** A structured log; pino satisfies it. */
export interface Logger {
  debug(facts: object, message: string): void;
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

/** Hears everything that happens in a system. Must not throw; what it throws is logged and forgotten. */
export type Observer = (event: SystemEvent) => void;

/** An effect of a turn, as data. */
export interface EffectRecord {
  readonly kind: string;
  readonly key: `${Address}#${string}`;
  readonly detail: unknown;
}
