import { patch, type Address, type Entry, type JournalReader } from "@orgtree/core";
import type { Durable } from "./actor-log.ts";
import { UnreadableTurnError } from "./past-errors.ts";
import { decodeTurn, LayoutError, type StoredTurn, type TurnFacts } from "./turn-entry.ts";

/** One turn of an actor as it is in a journal, without what it led to. */
export interface PastTurn extends TurnFacts {
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
  return pastTurn(entry, decodeEntry(entry));
}

/** What an entry leads to from what was before, of which nothing is changed: the one step of all that is read. Throws `UnreadableTurnError`. */
export function foldEntry(before: Durable | undefined, entry: Entry): Moment {
  const stored = decodeEntry(entry);
  const { change } = stored;
  if (!("whole" in change) && before === undefined) throw new UnreadableTurnError(entry, "what it builds on is not there");
  const { state, books } = ("whole" in change ? change.whole : patch(before, change.delta)) as Durable;
  return { kind: "turn", turn: pastTurn(entry, stored), state, books };
}

/** The moments that entries lead through: a `whole` and its parts, as the image of an actor has them. Throws `UnreadableTurnError`. */
export function* readMoments(entries: readonly Entry[]): Generator<Moment> {
  let moment: Moment | undefined;
  for (const entry of entries) yield (moment = foldEntry(moment, entry));
}

/** The last of them. */
export function lastMoment(entries: readonly Entry[]): Moment {
  let last: Moment | undefined;
  for (const moment of readMoments(entries)) last = moment;
  return last!;
}

/** An actor as it is stored now; undefined where it has ended, or never was. Rejects with `UnreadableTurnError`. */
export async function newestMoment(journal: Pick<JournalReader, "image">, address: Address): Promise<Moment | undefined> {
  const image = await journal.image(address);
  return image === undefined ? undefined : lastMoment(image.entries);
}

function pastTurn({ address, seq, position, mark, data }: Entry, { change, ...facts }: StoredTurn): PastTurn {
  return { ...facts, address, seq, position, mark, isWhole: "whole" in change, storedBytes: data.length };
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
