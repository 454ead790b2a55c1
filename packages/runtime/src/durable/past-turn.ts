import { patch, type Address, type Delta, type Entry } from "@orgtree/core";
import type { Durable } from "./actor-log.ts";
import { UnreadableTurnError } from "./past-errors.ts";
import { decodeTurn, LayoutError, type StoredTurn } from "./turn-entry.ts";

/** One turn of an actor as it is in a journal, without what it led to. */
export interface PastTurn extends Omit<StoredTurn, "change"> {
  readonly address: Address;
  readonly seq: number;
  /** Its place among all turns of the journal. */
  readonly position: number;
  /** The name under which it was kept, where it has one. */
  readonly mark: string | undefined;
  /** The complete state is stored with it, not only what changed. */
  readonly isWhole: boolean;
  /** Bytes that it takes in the journal. */
  readonly storedBytes: number;
}

/** An actor as it was after one of its turns. */
export interface Moment extends Durable {
  readonly kind: "turn";
  readonly turn: PastTurn;
}

/** Here the place was given up for good: whoever comes behind it has nothing of those before. */
export interface PlaceEnd {
  readonly kind: "end";
  readonly address: Address;
  readonly seq: number;
  readonly position: number;
}

/** The turn of an entry. Throws `UnreadableTurnError`. */
export function readTurn(entry: Entry): PastTurn {
  return readStep(entry).turn;
}

/**
 * The moments that entries lead through: a `whole` and its parts, as the image of an actor has them. Nothing of an earlier moment
 * is changed by a later one. Throws `UnreadableTurnError`.
 */
export function* readMoments(entries: readonly Entry[]): Generator<Moment> {
  let durable: Durable | undefined;
  for (const entry of entries) {
    const { turn, change } = readStep(entry);
    if (!("whole" in change) && durable === undefined) throw new UnreadableTurnError(entry, "what it builds on is not there");
    durable = ("whole" in change ? change.whole : patch(durable, change.delta)) as Durable;
    yield { kind: "turn", turn, state: durable.state, books: durable.books };
  }
}

/** The turn of an entry, and how what it led to is made of what was before. Throws `UnreadableTurnError`. */
export function readStep(entry: Entry): {
  readonly turn: PastTurn;
  readonly change: { readonly whole: unknown } | { readonly delta: Delta | undefined };
} {
  const { address, seq, position, mark, data } = entry;
  const { change, ...stored } = decodeEntry(entry);
  return { turn: { ...stored, address, seq, position, mark, isWhole: "whole" in change, storedBytes: data.length }, change };
}

function decodeEntry(entry: Entry): StoredTurn {
  try {
    return decodeTurn(entry.data);
  } catch (error) {
    if (error instanceof LayoutError)
      throw new UnreadableTurnError(entry, "it was written by a newer version of orgtree; update orgtree", error);
    if (error instanceof RangeError) throw new UnreadableTurnError(entry, "it was not written by a system of orgtree", error);
    throw error;
  }
}
