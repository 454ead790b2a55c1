import { diff, encode, maxRecordLevels, seal, type Address, type Entry, type NewEntry } from "@orgtree/core";
import type { Books } from "./books.ts";
import { foldEntry, type Moment } from "./past-turn.ts";
import { encodeTurn } from "./turn-entry.ts";
import type { TurnRecord } from "./turn-store.ts";

/** What is stored of an actor: its state and its books. */
export interface Durable {
  readonly state: unknown;
  readonly books: Books;
}

/** Parts behind a `whole` before somebody looks whether a new one pays; doubled each time it does not. */
const firstLook = 64;
/** A new `whole` pays when reading the parts costs this many times what it costs: those of a conversation hold it twice, as messages and as state. */
const worth = 3;

/**
 * The log of one actor: makes the entry of each turn, as the difference to the turn before.
 *
 * From time to time an entry is `whole`, so that a new life need not read everything from the beginning: not at fixed
 * intervals, but when the parts outweigh the whole. A conversation that only grows is its own shortest story, and is never
 * written twice; a counter is written anew every 64 turns. So what is stored of a step does not grow with age, and what has
 * to be read is at most a few times the state.
 */
export class ActorLog {
  readonly #address: Address;
  /** What the newest entry led to; undefined before the first. */
  #last: Durable | undefined;
  #parts = 0;
  #partBytes = 0;
  #nextLook = firstLook;

  constructor(address: Address) {
    this.#address = address;
  }

  /** What is stored now. */
  get last(): Durable | undefined {
    return this.#last;
  }

  /** The entry of a turn; throws `NotStorableError`. It counts once `stored` is called. */
  entry({ seq, state, books, isFresh, mark, ...turn }: TurnRecord): NewEntry {
    const durable: Durable = { state, books };
    seal(durable, `the state of ${this.#address}`, maxRecordLevels);
    seal(turn.cause.message, `the message that ${this.#address} took`);
    const isWhole = isFresh || this.#last === undefined || this.#paysWhole(durable);
    const change = isWhole ? { whole: durable } : { delta: diff(this.#last, durable) };
    const data = encodeTurn({ ...turn, change }, `a turn of ${this.#address}`);
    return { address: this.#address, seq, kind: isWhole ? "whole" : "part", mark, data };
  }

  /** The entry is in the journal. */
  stored({ kind, data }: NewEntry, { state, books }: Durable): void {
    this.#last = { state, books };
    if (kind === "whole") {
      this.#parts = 0;
      this.#partBytes = 0;
      this.#nextLook = firstLook;
    } else {
      this.#parts++;
      this.#partBytes += data.length;
    }
  }

  #paysWhole(durable: Durable): boolean {
    if (this.#parts < this.#nextLook) return false;
    if (this.#partBytes > worth * encode(durable).length) return true;
    this.#nextLook *= 2;
    return false;
  }

  /** Reads entries of the actor, oldest first; gives back the newest moment. Throws `UnreadableTurnError`. */
  read(entries: readonly Entry[]): Moment {
    let newest: Moment | undefined;
    for (const entry of entries) this.stored(entry, (newest = foldEntry(this.#last, entry)));
    seal(this.#last, `the stored state of ${this.#address}`, maxRecordLevels);
    return newest!;
  }
}
