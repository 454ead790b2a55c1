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

/** One turn as it is about to be committed. Plain data but for `state`, which is called once each time it is stored. */
export interface TurnRecord {
  readonly address: Address;
  readonly incarnation: number;
  /** Rises by one for each turn of this address and never goes back, not even over a restart. */
  readonly seq: number;
  /** The message's type where it has one, `init` for the initial step. */
  readonly cause: string;
  /** The trace that this turn belongs to. */
  readonly trace: string;
  readonly effects: readonly EffectRecord[];
  /** The next state, for the journal to encode. */
  readonly state: () => unknown;
}

/** An effect of a turn, as data. Its key is `address#seq.n`. */
export interface EffectRecord {
  readonly kind: string;
  readonly key: string;
  readonly detail: unknown;
}

/**
 * Makes a turn durable. Until the promise resolves nothing of the turn is visible and the actor takes no other message.
 *
 * Rejects with `FencedError` when somebody else owns the actor: nothing of the turn happens and the incarnation ends. Any other
 * rejection says that the record was not stored; the same record comes again, for a limited time. A record that comes twice
 * counts once.
 */
export type Commit = (record: TurnRecord) => Promise<void>;
