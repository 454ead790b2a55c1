import type { Address, EffectRecord } from "@orgtree/core";
import type { Provenance } from "./provenance.ts";
import type { Books } from "./books.ts";
import type { EffectKey } from "./effect-key.ts";
import type { LogicVersion, StoredCauseKind } from "./turn-entry.ts";

/** One turn as it is about to be stored. */
export interface TurnRecord {
  readonly address: Address;
  readonly incarnation: number;
  /** Rises by one for each turn of this address and never goes back, not even over a restart. */
  readonly seq: number;
  readonly kind: StoredCauseKind;
  /** Of a message that has a number; of a signal: what it is about. */
  readonly key: EffectKey | undefined;
  /** The type of the message where it has one, else what kind of mail it was; `init` for the initial step. */
  readonly cause: string;
  readonly from: Address | undefined;
  /** What the turn took. */
  readonly message: unknown;
  readonly via?: Provenance | undefined;
  /** When it was computed, milliseconds since 1970: the one moment that all of the turn knows. */
  readonly atMs: number;
  /** The trace that this turn belongs to. */
  readonly trace: string;
  readonly effects: readonly EffectRecord[];
  /** The next state. */
  readonly state: unknown;
  readonly books: Books;
  /** The first turn of a life: what was stored before counts no more. */
  readonly isFresh: boolean;
  readonly logic: LogicVersion | undefined;
  /** The version of the plan that the actor is part of. */
  readonly plan: number | undefined;
  /** Places that are given up for good with it, and the numbers of their ends. */
  readonly ends?: readonly { readonly address: Address; readonly seq: number }[];
  /** The turn makes a checkpoint of this name. */
  readonly mark: string | undefined;
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
   * Rejects with `FencedError` when somebody else owns the actor: nothing of the turn happens and the incarnation ends. Any
   * other rejection says that it was not stored; the same turn comes again, for a limited time. One that comes twice counts once.
   */
  store(turn: TurnRecord): Promise<void>;
}
