import type { Address } from "@orgtree/core";
import type { Durable } from "./actor-log.ts";
import type { TurnFacts } from "./turn-entry.ts";

/** One turn as it is about to be stored. */
export interface TurnRecord extends TurnFacts, Durable {
  readonly address: Address;
  /** Rises by one for each turn of this address and never goes back, not even over a restart. */
  readonly seq: number;
  /** The first turn of a life: what was stored before counts no more. */
  readonly isFresh: boolean;
  /** The turn makes a checkpoint of this name. */
  readonly mark?: string | undefined;
  /** Places that are given up for good with it, and the numbers of their ends. */
  readonly ends?: readonly { readonly address: Address; readonly seq: number }[];
}

/** Where turns are stored before anything of them is visible. */
export interface TurnStore {
  /** Turns become bytes: what cannot become bytes is refused where it is made, before there is a turn that has it. */
  readonly isWritten: boolean;
  /**
   * Makes ready to store a turn, which then must not change any more. Throws what is wrong with it, such as
   * `NotStorableError`: the turn fails.
   */
  prepare(turn: TurnRecord): void;
  /**
   * Stores a turn that was made ready. Until the promise resolves nothing of it is visible and the actor takes no other message.
   *
   * Rejects with an error of the class `fenced` when somebody else owns the actor: nothing of the turn happens and the incarnation ends. Any
   * other rejection says that it was not stored; the same turn comes again, for a limited time. One that comes twice counts once.
   */
  store(turn: TurnRecord): Promise<void>;
  /** See `Journal.mayBegin`. */
  mayBegin?(): Promise<void> | undefined;
}
