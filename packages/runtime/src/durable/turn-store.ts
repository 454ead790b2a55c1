import { FencedError, type Address, type EffectRecord, type Image, type Journal, type JournalError, type NewEntry } from "@orgtree/core";
import { ActorLog, type Durable } from "./actor-log.ts";
import type { Books } from "./books.ts";
import type { Cause, LogicVersion, StoredTurn } from "./turn-entry.ts";

/** One turn as it is about to be stored. */
export interface TurnRecord {
  readonly address: Address;
  readonly incarnation: number;
  /** Rises by one for each turn of this address and never goes back, not even over a restart. */
  readonly seq: number;
  readonly cause: Cause;
  /** The trace that this turn belongs to. */
  readonly trace: string;
  readonly effects: readonly EffectRecord[];
  /** The next state. Asked for once each time the turn is stored. */
  readonly state: () => unknown;
  readonly books: Books;
  /** The first turn of a life: what was stored before counts no more. */
  readonly isFresh: boolean;
  readonly logic: LogicVersion | undefined;
}

/**
 * Makes turns durable. Until the promise resolves nothing of the turn is visible and the actor takes no other message.
 *
 * Rejects with `FencedError` when somebody else owns the actor: nothing of the turn happens and the incarnation ends. Any other
 * rejection says that the turn was not stored; the same one comes again, for a limited time. A turn that comes twice counts
 * once.
 */
export type StoreTurn = (turn: TurnRecord) => Promise<void>;

/** What a new life of an actor has to know of the one before. */
export interface Stored {
  readonly durable: Durable;
  readonly newest: StoredTurn;
  /** The number of the newest turn. */
  readonly seq: number;
}

/** The turns of all actors of a system, in a journal. */
export class TurnStore {
  readonly #journal: Journal;
  readonly #logs = new Map<Address, ActorLog>();
  /** What was found in the journal and nobody has asked for yet. */
  readonly #found = new Map<Address, Stored>();
  readonly #entries = new WeakMap<TurnRecord, { readonly entry: NewEntry; readonly durable: Durable }>();

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  /** Reads what is there; gives back the number that the turns of new places are counted from. */
  async load(): Promise<number> {
    for await (const image of this.#journal.images()) this.#read(image);
    let last = -1;
    for (const seq of (await this.#journal.lastSeqs()).values()) last = Math.max(last, seq);
    return last + 1;
  }

  #read({ address, entries }: Image): void {
    const log = new ActorLog(address);
    const newest = log.read(entries);
    this.#logs.set(address, log);
    this.#found.set(address, { durable: log.last!, newest, seq: entries.at(-1)!.seq });
  }

  /** What is stored of an actor that has not lived in this system yet; once. */
  take(address: Address): Stored | undefined {
    const stored = this.#found.get(address);
    this.#found.delete(address);
    return stored;
  }

  readonly store: StoreTurn = async (turn) => {
    const { entry, durable } = this.#entryOf(turn);
    try {
      await this.#journal.append([entry]);
    } catch (error) {
      if ((error as JournalError).failureClass === "fenced") throw new FencedError(turn.address, (error as Error).message);
      throw error;
    }
    this.#logs.get(turn.address)!.stored(entry, durable);
  };

  /** The entry of a turn is made once, so that a second attempt stores the same bytes. */
  #entryOf(turn: TurnRecord): { readonly entry: NewEntry; readonly durable: Durable } {
    const made = this.#entries.get(turn);
    if (made !== undefined) return made;
    const { address, books } = turn;
    let log = this.#logs.get(address);
    if (log === undefined) this.#logs.set(address, (log = new ActorLog(address)));
    const durable = { state: turn.state(), books };
    const { seq, isFresh, incarnation, trace, cause, effects, logic } = turn;
    const entry = log.entry({ seq, durable, isFresh, incarnation, atMs: 0, trace, cause, effects, logic });
    this.#entries.set(turn, { entry, durable });
    return { entry, durable };
  }
}
