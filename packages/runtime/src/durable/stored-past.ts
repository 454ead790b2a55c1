import { noAmount, type Address, type Amount, type GivingUp, type RollbackReport } from "@orgtree/core";
import type { Durable } from "./actor-log.ts";
import type { Books } from "./books.ts";
import type { GivingUpPlaces } from "./given-up.ts";
import { RollbackError } from "./rollback-error.ts";
import type { RollbackOrder } from "./rollback.ts";
import type { TurnFacts } from "./turn-entry.ts";

/** What a new life of an actor has to know of the one before. */
export interface Stored {
  readonly durable: Durable;
  readonly newest: TurnFacts;
  /** The number of the newest turn. */
  readonly seq: number;
}

/** What earlier processes have stored, and what was stored since: who goes on from where, and what is to stay as it is. */
export interface StoredPast {
  /** Stands in front of the keys that are sent outward; see `Journal.run`. None where nothing survives the process. */
  readonly run: string | undefined;
  /** Reads what is there, once, before anything else; gives back the number that the turns of new places are counted from. */
  load(): Promise<number>;

  // Of an actor

  /** Somebody is stored here, and nobody has taken him yet. */
  has(address: Address): boolean;
  /** What is stored of an actor that has not lived in this system yet; once. Throws `UnreadableTurnError`. */
  take(address: Address): Stored | undefined;
  /** What is stored in this tree and nobody has taken. */
  untaken(top: Address): readonly (readonly [address: Address, stored: Stored])[];
  /** The newest books of a place that was given up, and whose next life is to know what it took and owes. */
  booksOf(address: Address): Books | undefined;
  /** The places below one that are stored, and were not given up for good. */
  placesBelow(top: Address): readonly Address[];
  /** The number of the newest life at an address, since the place was given up last; 0 where nobody has lived there. */
  lastIncarnation(address: Address): number;
  /** What those who live at an address and below it had spent, all lives together, when the journal was read. */
  spentWithin(address: Address): Amount;
  /** The place was given up for good. */
  end(address: Address, seq: number): void;
  /** The same, where somebody is about to live there who takes over what it owes: its end is stored with his first turn. */
  endBefore(address: Address, seq: number): void;

  // Of a tree that nobody can go on with

  /** An actor cannot go on from what is stored of it. From now on its whole tree stays as it is: `prepare` throws `TreeParkedError`. */
  park(address: Address, why: unknown): void;
  /** Its tree waits for a program that can go on with it. */
  isParked(address: Address): boolean;
  /** Throws `TreeParkedError` where it does. */
  checkParked(address: Address): void;

  // Of a tree that was given up because of a failure

  /** What is stored of it stays; compaction leaves what is needed to go on where it was. */
  keep(top: Address, gaveUp: GivingUp): void;
  /** Where it was given up. */
  findGivingUp(top: Address, gaveUp: GivingUp): Promise<GivingUpPlaces>;

  // Going back

  /** Puts a subtree back to what it was; whoever is started there goes on from it. Rejects with `RollbackError`. */
  rollBack(order: RollbackOrder): Promise<RollbackReport>;
  /** Somebody put back an actor and all below it while nobody was there who could take back its work; see `takeBack`. */
  owesUndo(top: Address): boolean;
  /** Has that done, and stores what came of it, in a turn of this number. It was not done before, or not to its end. */
  takeBack(top: Address, how: { readonly seq: number; readonly undo: NonNullable<RollbackOrder["undo"]> }): Promise<void>;
  /** What a rollback would do. Rejects with `RollbackError`. */
  previewRollback(top: Address, cut: Pick<RollbackOrder, "to" | "orBeginning">): Promise<RollbackReport>;
}

/** Nothing is stored: everybody begins afresh, and nobody goes back. */
export const noPast: StoredPast = {
  run: undefined,
  load: async () => 0,
  has: () => false,
  take: () => undefined,
  untaken: () => [],
  booksOf: () => undefined,
  placesBelow: () => [],
  lastIncarnation: () => 0,
  spentWithin: () => noAmount,
  end: () => {},
  endBefore: () => {},
  park: () => {},
  isParked: () => false,
  checkParked: () => {},
  keep: () => {},
  findGivingUp: (top) => Promise.reject(notStored(top)),
  owesUndo: () => false,
  takeBack: async () => {},
  rollBack: ({ top }) => Promise.reject(notStored(top)),
  previewRollback: (top) => Promise.reject(notStored(top)),
};

function notStored(top: Address): RollbackError {
  return new RollbackError(top, "its turns are not stored; make the system with a journal");
}
