import type { Address, Clock, Compaction, CompactionResult, Entry, EntryQuery, Image, Journal, NewEntry, Pin } from "@orgtree/core";

/** Until it is looked again whether the lease holds, in milliseconds. */
const lookAgainMs = 100;

/**
 * A journal whose appends are answered only while a lease holds. What follows from a record (effects, messages, the next turn) begins when
 * it is known to be stored; so nothing begins here that another process may have taken over meanwhile.
 */
export class LeasedJournal implements Journal {
  readonly #journal: Journal;
  readonly #clock: Clock;
  readonly #holds: () => boolean;

  constructor(journal: Journal, { clock, holds }: { readonly clock: Clock; readonly holds: () => boolean }) {
    this.#journal = journal;
    this.#clock = clock;
    this.#holds = holds;
  }

  get epoch(): number {
    return this.#journal.epoch;
  }

  get run(): string {
    return this.#journal.run;
  }

  async append(entries: readonly NewEntry[]): Promise<number> {
    const position = await this.#journal.append(entries);
    while (!this.#holds()) await new Promise<void>((resolve) => void this.#clock.setTimer(lookAgainMs, resolve));
    return position;
  }

  images(at?: number): AsyncIterable<Image> {
    return this.#journal.images(at);
  }

  image(address: Address, at?: number): Promise<Image | undefined> {
    return this.#journal.image(address, at);
  }

  read(query?: EntryQuery): AsyncIterable<Entry> {
    return this.#journal.read(query);
  }

  lastSeqs(): Promise<ReadonlyMap<Address, number>> {
    return this.#journal.lastSeqs();
  }

  horizon(): Promise<number> {
    return this.#journal.horizon();
  }

  pin(position: number): Pin {
    return this.#journal.pin(position);
  }

  compact(what?: Compaction): Promise<CompactionResult> {
    return this.#journal.compact(what);
  }

  close(): Promise<void> {
    return this.#journal.close();
  }
}
