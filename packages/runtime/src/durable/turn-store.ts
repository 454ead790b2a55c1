import type { Address, Amount, EffectRecord, GivingUp, RollbackReport } from "@orgtree/core";
import type { Durable } from "./actor-log.ts";
import type { Provenance } from "./provenance.ts";
import type { GivingUpPlaces } from "./given-up.ts";
import type { RollbackOrder } from "./rollback.ts";
import type { Books } from "./books.ts";
import type { EffectKey } from "./effect-key.ts";
import type { StoredCauseKind, LogicVersion, StoredTurn } from "./turn-entry.ts";

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
  /** Stands in front of the keys that are sent outward; see `Journal.run`. None where nothing survives the process. */
  readonly run?: string | undefined;
  /** Turns become bytes: what cannot become bytes is refused where it is made, before there is a turn that has it. Default false. */
  readonly isWritten?: boolean;
  /** Reads what is there, once, before anything else; gives back the number that the turns of new places are counted from. */
  load?(): Promise<number>;
  /**
   * Makes ready to store a turn, which then must not change any more. Throws what is wrong with it, such as
   * `NotStorableError`: the turn fails.
   */
  prepare?(turn: TurnRecord): void;
  /**
   * Stores a turn that was made ready. Until the promise resolves nothing of it is visible and the actor takes no other message.
   *
   * Rejects with `FencedError` when somebody else owns the actor: nothing of the turn happens and the incarnation ends. Any
   * other rejection says that it was not stored; the same turn comes again, for a limited time. One that comes twice counts once.
   */
  store(turn: TurnRecord): Promise<void>;
  /** For tests: the state of a turn that was just stored, as a later process would read it; its actor goes on from there. */
  reread?(address: Address): unknown;
  /** What is stored of an actor that has not lived in this system yet; once. */
  take?(address: Address): Stored | undefined;
  /** What is stored in this tree and nobody has taken. */
  untaken?(top: Address): readonly (readonly [address: Address, stored: Stored])[];
  /** Somebody is stored here, and nobody has taken him yet. */
  has?(address: Address): boolean;
  /** An actor cannot go on from what is stored of it. From now on its whole tree stays as it is: `prepare` throws `TreeParkedError`. */
  park?(address: Address, why: unknown): void;
  /** Throws `TreeParkedError` where it does. */
  checkParked?(address: Address): void;
  /** Its tree waits for a program that can go on with it. */
  isParked?(address: Address): boolean;
  /** The newest books of a place that was given up, and whose next life is to know what it took and owes. */
  booksOf?(address: Address): Books | undefined;
  /** The number of the newest life at an address, since the place was given up last; 0 where nobody has lived there. */
  lastIncarnation?(address: Address): number;
  /** What those who live at an address and below it had spent, all lives together, when the journal was read. */
  spentWithin?(address: Address): Amount;
  /** Puts a subtree back to what it was; whoever is started there goes on from it. Rejects with `RollbackError`. */
  rollBack?(order: RollbackOrder): Promise<RollbackReport>;
  /** What a rollback would do. Rejects with `RollbackError`. */
  previewRollback?(top: Address, cut: Pick<RollbackOrder, "to" | "orBeginning">): Promise<RollbackReport>;
  /** The tree was given up because of a failure, and what is stored of it stays; compaction leaves what is needed to go on where it was. */
  keep?(top: Address, gaveUp: GivingUp): void;
  /** Where a tree that is kept was given up. */
  findGivingUp?(top: Address, gaveUp: GivingUp): Promise<GivingUpPlaces>;
  /** The place was given up for good. */
  end?(address: Address, seq: number): void;
}

/** What a new life of an actor has to know of the one before. */
export interface Stored {
  readonly durable: Durable;
  readonly newest: StoredTurn;
  /** The number of the newest turn. */
  readonly seq: number;
}
