import type { Address, Exit, Failure } from "@orgtree/core";

/**
 * What the runtime tells an actor. A plain actor hears signals in its `signal` function, so that no message can pretend to
 * be one; a machine takes them as events, whose types nobody else may send.
 */
export type Signal =
  /** A watched actor's incarnation ended. Exactly one per watch. */
  | { readonly type: "orgtree.down"; readonly address: Address; readonly incarnation: number; readonly exit: Exit }
  /** The answer to an ask of this actor's. */
  | { readonly type: "orgtree.reply"; readonly tag: string; readonly value: unknown }
  /** An ask of this actor's got no answer; `error` is one of the typed ask errors. */
  | { readonly type: "orgtree.ask-failed"; readonly tag: string; readonly error: Error }
  /** A tell of this actor's was refused: the message is still yours. */
  | { readonly type: "orgtree.refused"; readonly to: Address; readonly message: unknown; readonly error: Error }
  | { readonly type: "orgtree.timer"; readonly name: string }
  /** Work begun with `turn.run` ended well. */
  | { readonly type: "orgtree.done"; readonly tag: string; readonly output: unknown }
  /** Work begun with `turn.run` failed. */
  | { readonly type: "orgtree.failed"; readonly tag: string; readonly failure: Failure };
