import { JournalCompactedError, nearestName, type Address, type Entry, type JournalReader } from "@orgtree/core";
import { UnknownTurnError, UnreadableTurnError } from "./past-errors.ts";
import { lastMoment, newestMoment, readMoments, readTurn, type Moment, type PastTurn, type PlaceEnd } from "./past-turn.ts";

/** Which part of a timeline; all conditions hold together. */
export interface TimelineRange {
  /** From this turn on, inclusive. */
  readonly fromSeq?: number | undefined;
  /** Up to this turn, inclusive. */
  readonly toSeq?: number | undefined;
  /** Of those the newest, so many. Default: all. */
  readonly last?: number | undefined;
}

/**
 * The past of one actor: its turns, and what it was after each of them. Only reads; nothing is run.
 *
 * What compaction has removed is not there any more. Everything that is given back can be trusted: where an entry is damaged, or one
 * that it builds on is missing, the journal's own error is thrown.
 */
export class Timeline {
  readonly address: Address;
  readonly #journal: JournalReader;

  constructor(journal: JournalReader, address: Address) {
    this.#journal = journal;
    this.address = address;
  }

  /** The turns alone, oldest first: cheaper than with what they led to. Throws `UnreadableTurnError`. */
  async *turns({ fromSeq, toSeq }: Omit<TimelineRange, "last"> = {}): AsyncGenerator<PastTurn> {
    for await (const entry of this.#journal.read({ address: this.address, fromSeq, toSeq })) {
      if (entry.kind !== "end") yield readTurn(entry);
    }
  }

  /** The turns with what they led to, oldest first, and the ends of the place between them. Throws `UnreadableTurnError`. */
  async *moments(range: TimelineRange = {}): AsyncGenerator<Moment | PlaceEnd> {
    for (const stretch of stretchesOf(await this.#places(range))) {
      const [first] = stretch;
      if (first!.kind === "end") yield { kind: "end", address: this.address, seq: first!.seq, position: first!.position };
      else for (const moment of readMoments(await this.#leadingTo(stretch.at(-1)!))) if (moment.turn.seq >= first!.seq) yield moment;
    }
  }

  /**
   * The actor as it was after turn `seq`; by default after its last one, also where the place has been given up since.
   *
   * Rejects with `UnknownTurnError` when there is no such turn, `UnreadableTurnError` when it cannot be read.
   */
  async at(seq?: number): Promise<Moment> {
    // The newest is had without a look at all that came before, which may be much, or damaged.
    const newest = seq === undefined ? await newestMoment(this.#journal, this.address) : undefined;
    if (newest !== undefined) return newest;
    const places = await this.#places(seq === undefined ? {} : { fromSeq: seq, toSeq: seq });
    const place = places.findLast(({ kind }) => kind !== "end");
    if (place === undefined) throw await this.#unknown(seq);
    return lastMoment(await this.#leadingTo(place));
  }

  async #places({ fromSeq, toSeq, last = Infinity }: TimelineRange): Promise<readonly Place[]> {
    const places: Place[] = [];
    for await (const { seq, position, kind } of this.#journal.read({ address: this.address, fromSeq, toSeq })) {
      places.push({ seq, position, kind });
    }
    return last >= places.length ? places : places.slice(places.length - last);
  }

  /** The entries that tell what the actor was there: the journal sees to it that none of them is missing. */
  async #leadingTo({ seq, position }: Place): Promise<readonly Entry[]> {
    try {
      const image = await this.#journal.image(this.address, position);
      if (image !== undefined) return image.entries;
    } catch (error) {
      if (!(error instanceof JournalCompactedError)) throw error;
    }
    // Compaction has gone past, but removes nothing without what builds on it: what is here still leads there.
    let entries: Entry[] = [];
    for await (const entry of this.#journal.read({ address: this.address, upTo: position })) {
      if (entry.kind === "part") entries.push(entry);
      else entries = [entry];
    }
    if (entries[0]?.kind === "whole") return entries;
    throw new UnreadableTurnError({ address: this.address, seq, position }, "what it builds on is not there; verify the journal");
  }

  async #unknown(seq: number | undefined): Promise<UnknownTurnError> {
    const { address } = this;
    const lastSeqs = await this.#journal.lastSeqs();
    if (!lastSeqs.has(address)) {
      const nearest = nearestName(address, [...lastSeqs.keys()]);
      const remedy = nearest === undefined ? "the history without an address lists all" : `did you mean ${nearest}?`;
      return new UnknownTurnError(address, undefined, `nothing is stored of ${address}; ${remedy}`);
    }
    const turns = (await this.#places({})).filter(({ kind }) => kind !== "end");
    if (turns.length === 0) {
      return new UnknownTurnError(address, undefined, `nothing is left of ${address}: its place was given up, and its past was compacted`);
    }
    const known = `there are ${turns.length} from ${turns[0]!.seq} to ${turns.at(-1)!.seq}`;
    return new UnknownTurnError(address, seq, `${address} has no turn ${seq}; ${known}`);
  }
}

type Place = Pick<Entry, "seq" | "position" | "kind">;

/** Each stretch leads back to one whole entry, or is an end. */
function* stretchesOf(places: readonly Place[]): Generator<readonly Place[]> {
  let stretch: Place[] = [];
  for (const place of places) {
    if (place.kind !== "part" && stretch.length > 0) {
      yield stretch;
      stretch = [];
    }
    stretch.push(place);
    if (place.kind !== "end") continue;
    yield stretch;
    stretch = [];
  }
  if (stretch.length > 0) yield stretch;
}
