import { type Address, decideRemovals, type EntryKind, type EntryQuery, isWithin, type NewEntry } from "@orgtree/core";
import { hash } from "node:crypto";
import type { CompactionRecord, PlacedEntry } from "./record.ts";

/** Where a record is: messages that follow each other in the stream. */
export interface Block {
  /** Sequence of its first message. */
  readonly first: number;
  /** How many messages it is. */
  readonly count: number;
  readonly bytes: number;
  /** How many of its entries are still there, and their bytes. */
  live: number;
  liveBytes: number;
}

/** What is known of an entry without reading it. */
export interface EntryFact {
  readonly position: number;
  readonly address: Address;
  readonly seq: number;
  readonly kind: EntryKind;
  readonly mark: string | undefined;
  readonly bytes: number;
  /** Of kind, mark and data: who has the same is the same. */
  readonly digest: string;
  /** Where it is; undefined when it was removed. */
  block: Block | undefined;
}

/** Everything that is left of one address, in order. */
interface History {
  lastSeq: number;
  facts: EntryFact[];
}

/** Makes a block of what was just stored. */
export function makeBlock(first: number, count: number, bytes: number): Block {
  return { first, count, bytes, live: 0, liveBytes: 0 };
}

/** Two entries with the same digest are the same, byte for byte. */
export function digestOf({ kind, mark, data }: NewEntry): string {
  const head = `${kind}${mark === undefined ? "" : `=${mark.length}=${mark}`}|`;
  if (data.byteLength > 65_536) return `${head}${hash("sha256", data, "base64url")}`;
  return hash("sha256", Buffer.concat([Buffer.from(head), data]), "base64url");
}

/**
 * What stands in a journal, without the content: for each address its entries, and in which message each is. Built once when the
 * journal is opened, and kept as entries are stored.
 */
export class EntryIndex {
  readonly histories = new Map<Address, History>();
  /** Blocks with entries that are still there, by their first message. */
  readonly blocks = new Map<number, Block>();
  /** Records that nobody needs. */
  readonly garbage = new Set<Block>();
  /** Sequences of openings that are not the newest. */
  readonly oldOpenings = new Set<number>();
  lastPosition = 0;
  /** Before it, only images of marked entries are complete. */
  horizon = 0;
  #compaction: Block | undefined;

  lastSeq(address: Address): number | undefined {
    return this.histories.get(address)?.lastSeq;
  }

  find(address: Address, seq: number): EntryFact | undefined {
    const facts = this.histories.get(address)?.facts ?? [];
    const at = lowerBound(facts, (fact) => fact.seq < seq);
    return facts[at]?.seq === seq ? facts[at] : undefined;
  }

  /** The entry of an address at a position. */
  at(address: Address, position: number): EntryFact | undefined {
    const facts = this.histories.get(address)?.facts ?? [];
    const at = lowerBound(facts, (fact) => fact.position < position);
    return facts[at]?.position === position ? facts[at] : undefined;
  }

  /** Takes entries that were stored behind everything. */
  add(entries: readonly { readonly entry: NewEntry; readonly position: number; readonly digest: string }[], block: Block): void {
    for (const { entry, position, digest } of entries) {
      const { address, seq, kind, mark, data } = entry;
      const history = this.#historyOf(address);
      history.lastSeq = Math.max(history.lastSeq, seq);
      history.facts.push(place({ position, address, seq, kind, mark, bytes: data.byteLength, digest, block: undefined }, block));
      this.lastPosition = Math.max(this.lastPosition, position);
    }
    this.#keep(block);
  }

  /** Takes entries that have got a new place. Those that are not known yet are those whose old place is gone. */
  move(entries: readonly PlacedEntry[], block: Block): void {
    for (const entry of entries) {
      const history = this.#historyOf(entry.address);
      history.lastSeq = Math.max(history.lastSeq, entry.seq);
      const at = lowerBound(history.facts, (fact) => fact.position < entry.position);
      const known = history.facts[at];
      if (known?.position === entry.position) {
        this.#release(known);
        place(known, block);
      } else {
        const { data, ...facts } = entry;
        const fact = { ...facts, mark: entry.mark, bytes: data.byteLength, digest: digestOf(entry), block: undefined };
        history.facts.splice(at, 0, place(fact, block));
        this.lastPosition = Math.max(this.lastPosition, entry.position);
      }
    }
    this.#keep(block);
  }

  /** Removes what nobody needs up to a position. */
  compact({ horizon, last, gone }: CompactionRecord): { readonly removed: number; readonly kept: number } {
    this.horizon = Math.max(this.horizon, horizon);
    this.lastPosition = Math.max(this.lastPosition, last);
    for (const [address, lastSeq] of gone) {
      const history = this.#historyOf(address);
      history.lastSeq = Math.max(history.lastSeq, lastSeq);
    }
    let removed = 0;
    let kept = 0;
    for (const history of this.histories.values()) {
      const removals = removalsOf(history, this.horizon);
      if (removals.size > 0) {
        for (const fact of history.facts) if (removals.has(fact.position)) this.#release(fact);
        history.facts = history.facts.filter(({ position }) => !removals.has(position));
      }
      removed += removals.size;
      kept += history.facts.length;
    }
    return { removed, kept };
  }

  /** Takes the place of a compaction that was stored: it says all that the one before said. */
  replaceCompaction(block: Block): void {
    if (this.#compaction !== undefined) this.garbage.add(this.#compaction);
    this.#compaction = block;
  }

  /** The first message of the log that somebody needs. */
  firstNeeded(): number {
    let first = this.#compaction?.first ?? 1;
    for (const block of this.blocks.values()) first = Math.min(first, block.first);
    return first;
  }

  /** What a compaction up to `cut` would have to remember of addresses of which it leaves nothing. */
  goneAt(cut: number): readonly (readonly [Address, number])[] {
    const gone: (readonly [Address, number])[] = [];
    for (const [address, history] of this.histories) {
      if (removalsOf(history, cut).size === history.facts.length) gone.push([address, history.lastSeq]);
    }
    return gone;
  }

  /** An actor at a position: its newest whole entry until then and what follows. */
  imageOf(address: Address, at: number): readonly EntryFact[] {
    const facts = this.histories.get(address)?.facts ?? [];
    const end = lowerBound(facts, ({ position }) => position <= at);
    let start = end - 1;
    while (start >= 0 && facts[start]!.kind === "part") start--;
    return start >= 0 && facts[start]!.kind === "whole" ? facts.slice(start, end) : [];
  }

  /** What a query asks for, in the order of positions. */
  select(query: EntryQuery): readonly EntryFact[] {
    const found: EntryFact[] = [];
    const { address, within } = query;
    const histories = address === undefined ? this.histories : new Map([[address, this.histories.get(address)]]);
    for (const [of, history] of histories) {
      if (within !== undefined && !isWithin(of, within)) continue;
      for (const fact of history?.facts ?? []) if (matches(fact, query)) found.push(fact);
    }
    return found.sort((a, b) => a.position - b.position);
  }

  #historyOf(address: Address): History {
    let history = this.histories.get(address);
    if (history === undefined) this.histories.set(address, (history = { lastSeq: -1, facts: [] }));
    return history;
  }

  #keep(block: Block): void {
    if (block.live > 0) this.blocks.set(block.first, block);
    else this.garbage.add(block);
  }

  #release(fact: EntryFact): void {
    const { block } = fact;
    fact.block = undefined;
    if (block === undefined) return;
    block.live--;
    block.liveBytes -= fact.bytes;
    if (block.live > 0) return;
    this.blocks.delete(block.first);
    this.garbage.add(block);
  }
}

function place(fact: EntryFact, block: Block): EntryFact {
  fact.block = block;
  block.live++;
  block.liveBytes += fact.bytes;
  return fact;
}

function removalsOf({ facts }: History, cut: number): ReadonlySet<number> {
  if (facts.length === 0 || facts[0]!.position > cut) return new Set();
  const past = facts.slice(
    0,
    lowerBound(facts, ({ position }) => position <= cut),
  );
  return new Set(decideRemovals(past.map(({ position, kind, mark }) => ({ position, kind, marked: mark !== undefined }))));
}

function matches({ seq, position, mark }: EntryFact, query: EntryQuery): boolean {
  const { fromSeq = -Infinity, toSeq = Infinity, after = -Infinity, upTo = Infinity } = query;
  return seq >= fromSeq && seq <= toSeq && position > after && position <= upTo && (query.mark === undefined || query.mark === mark);
}

/** The first index for which `isBefore` is false; `isBefore` holds for a beginning of the list only. */
function lowerBound<T>(items: readonly T[], isBefore: (item: T) => boolean): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBefore(items[middle]!)) low = middle + 1;
    else high = middle;
  }
  return low;
}
