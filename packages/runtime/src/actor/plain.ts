import type { Exit } from "@orgtree/core";
import type { Versioned } from "../durable/logic-changed.ts";
import type { Signal } from "./signal.ts";
import type { Turn } from "./turn.ts";
import type { Works } from "./work.ts";

/** Given back by `init`: the child does not want to run. Its supervisor goes on without it (OTP's `ignore`). */
export const ignore: unique symbol = Symbol("orgtree.ignore");

/**
 * A plain actor: `(state, message) → state`, with effects collected through `turn`. For supervisors' helpers, routers and
 * hot paths, 50 to 250 times cheaper than a machine.
 *
 * The functions must not change the state they are given: a turn that throws keeps the old one.
 */
export interface PlainLogic<S = unknown, M = unknown, I = unknown> extends Versioned<S> {
  readonly kind: "plain";
  /** Work that this actor begins by name: `turn.run("fetch", input)`. Declared, so that a crash is answered rightly. */
  readonly works?: Works;
  /** The initial state of each incarnation. A promise is awaited, up to the spec's `startMs`. */
  init(input: I, turn: Turn): S | typeof ignore | Promise<S | typeof ignore>;
  /** The next state. What it throws fails the turn. */
  receive(state: S, message: M, turn: Turn): S;
  /** The next state after a signal; without it signals are ignored. */
  signal?(state: S, signal: Signal, turn: Turn): S;
  /** Clean-up at an ordered stop, awaited up to the spec's `shutdownMs`. May give another exit than `shutdown`. */
  terminate?(state: S, exit: Exit): void | Exit | Promise<void | Exit>;
}

/** Makes the logic of a plain actor. `S` is its state, `M` what it receives, `I` the input of its spec. */
export function plain<S, M, I = unknown>(parts: Omit<PlainLogic<S, M, I>, "kind">): PlainLogic<S, M, I> {
  return { kind: "plain", ...parts };
}
