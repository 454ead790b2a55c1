import {
  type Address,
  type Clock,
  type Compaction,
  type CompactionResult,
  type Entry,
  type EntryQuery,
  type FailureClass,
  type Image,
  type Journal,
  JournalError,
  type NewEntry,
  type Pin,
} from "@orgtree/core";

/** Until it is looked again whether the lease holds, in milliseconds. */
const lookAgainMs = 100;

/** What the lease of a journal is. */
export interface LeasedJournalOptions {
  readonly clock: Clock;
  /** Whether the lease holds just now. */
  readonly holds: () => boolean;
  /** Aborted when this journal is to end here: a lease that does not hold then will not come back. Default: it may always come back. */
  readonly ending?: AbortSignal | undefined;
  /** Hears of each append that was not stored. */
  readonly failed?: ((error: unknown) => void) | undefined;
}

/**
 * A journal whose appends are answered only while a lease holds. What follows from a record (effects, messages, the next turn) begins when
 * it is known to be stored; so nothing begins here that another process may have taken over meanwhile. What follows from nothing that was
 * stored just now, such as work that was cut off elsewhere and begins again, asks `mayBegin`.
 *
 * Where the lease is over an append rejects with `LeaseOverError`. One that was under way then may be stored; later ones are not.
 */
export class LeasedJournal implements Journal {
  readonly #journal: Journal;
  readonly #options: LeasedJournalOptions;

  constructor(journal: Journal, options: LeasedJournalOptions) {
    this.#journal = journal;
    this.#options = options;
  }

  get epoch(): number {
    return this.#journal.epoch;
  }

  get run(): string {
    return this.#journal.run;
  }

  async append(entries: readonly NewEntry[]): Promise<number> {
    const { holds, ending, failed } = this.#options;
    // Nobody else may have opened it yet, so that the journal itself would take it.
    if (ending?.aborted === true && !holds()) throw new LeaseOverError(this.#journal.run);
    let position: number;
    try {
      position = await this.#journal.append(entries);
    } catch (error) {
      failed?.(error);
      throw error;
    }
    while (!holds()) {
      if (ending?.aborted === true) throw new LeaseOverError(this.#journal.run);
      await this.#pause();
    }
    return position;
  }

  async mayBegin(): Promise<void> {
    const { holds, ending } = this.#options;
    while (!holds()) {
      if (ending?.aborted === true) await new Promise<never>(() => {});
      await this.#pause();
    }
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => void this.#options.clock.setTimer(lookAgainMs, resolve));
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

/** The lease of this process is over. What it has appended last may be stored; what follows from it is the affair of who comes after. */
class LeaseOverError extends JournalError {
  override readonly name = "LeaseOverError";

  constructor(journal: string) {
    super(journal, "the lease is over, and another process may go on from here", { outcome: "unknown" });
  }

  override get failureClass(): FailureClass {
    return "fenced";
  }
}
