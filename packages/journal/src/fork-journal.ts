import type { Address, Journal, JournalReader, NewEntry } from "@orgtree/core";
import { ForkError, positionOf, type ForkPoint } from "./fork-point.ts";

/** What a fork copied. Plain data. */
export interface ForkReport {
  /** The last position that was copied, in the journal that was forked. */
  readonly position: number;
  readonly entries: number;
  /** Who lives on in the fork. */
  readonly actors: readonly Address[];
  /** The name of the new run. */
  readonly run: string;
}

/** How a journal is forked. */
export interface ForkOptions {
  /** Up to here, inclusive. Default: all that is stored. */
  readonly at?: ForkPoint | undefined;
}

/** Entries that are stored at once, and their bytes, so that a long past takes little memory. */
const batchEntries = 512;
const batchBytes = 4_194_304;

/**
 * Copies a past up to a point into an empty journal: a system that is made with it, and started as the first one was, goes on from there.
 * The original is only read, and may go on running.
 *
 * Any position is a consistent moment of the whole organization: a turn is stored before anything of it is visible, so nobody has taken
 * what was not sent, and what was on its way is in the books of its sender. Numbers of turns stay, positions may not. The fork is another
 * run: what it does in the world has keys of its own, and what was under way at that point is begun again, or has an unknown outcome,
 * as after a crash.
 *
 * Rejects with `ForkError` when there is no such point or `target` is not empty, with `JournalCompactedError` when compaction has gone
 * past it; nothing was stored then.
 */
export async function forkJournal(source: JournalReader, target: Journal, { at }: ForkOptions = {}): Promise<ForkReport> {
  for await (const _ of target.read()) throw new ForkError("the journal of a fork must be empty; name a new one");
  const position = at === undefined ? undefined : await positionOf(source, at);
  // Throws where compaction has gone past it.
  if (position !== undefined) for await (const _ of source.images(position)) break;
  const copy = new Copy(target, await source.horizon());
  for await (const entry of source.read({ upTo: position })) await copy.add(entry);
  await copy.addNumbers(await usedNumbers(source, copy.last));
  await copy.store();
  // What was compacted there is known to be gone here.
  if (copy.horizon > 0) await target.compact({ keepAfter: copy.horizon });
  const actors: Address[] = [];
  for await (const { address } of target.images()) actors.push(address);
  return { position: copy.last, entries: copy.count, actors: actors.sort(), run: target.run };
}

/** The greatest number that each address had used at a position; of those that were used later, nothing. */
async function usedNumbers(source: JournalReader, position: number): Promise<ReadonlyMap<Address, number>> {
  const used = new Map(await source.lastSeqs());
  for await (const { address } of source.read({ after: position })) used.delete(address);
  return used;
}

/** Entries on their way into another journal. */
class Copy {
  count = 0;
  /** Of the newest entry, in the source. */
  last = 0;
  /** Where the source's horizon is in the target. */
  horizon = 0;
  readonly #target: Journal;
  readonly #horizon: number;
  readonly #seqs = new Map<Address, number>();
  #batch: NewEntry[] = [];
  #bytes = 0;

  constructor(target: Journal, horizon: number) {
    this.#target = target;
    this.#horizon = horizon;
  }

  async add({ position, ...entry }: NewEntry & { readonly position: number }): Promise<void> {
    if (position > this.#horizon && this.last <= this.#horizon && this.#horizon > 0) this.horizon = await this.store();
    this.last = position;
    this.#seqs.set(entry.address, entry.seq);
    await this.#push(entry);
  }

  /** Numbers of which only compaction knows: whoever lives there later must not use them again. */
  async addNumbers(used: ReadonlyMap<Address, number>): Promise<void> {
    if (this.last <= this.#horizon && this.#horizon > 0) this.horizon = await this.store();
    for (const [address, seq] of used)
      if (seq > (this.#seqs.get(address) ?? -1)) await this.#push({ address, seq, kind: "end", data: new Uint8Array() });
  }

  async #push(entry: NewEntry): Promise<void> {
    this.count++;
    this.#batch.push(entry);
    this.#bytes += entry.data.length;
    if (this.#batch.length >= batchEntries || this.#bytes >= batchBytes) await this.store();
  }

  async store(): Promise<number> {
    const batch = this.#batch;
    this.#batch = [];
    this.#bytes = 0;
    return this.#target.append(batch);
  }
}
