import {
  type Address,
  checkEntries,
  checkPosition,
  childAddress,
  type Compaction,
  type CompactionResult,
  type Entry,
  type EntryQuery,
  type Image,
  isWithin,
  type Journal,
  JournalConflictError,
  JournalError,
  type JournalReader,
  type NewEntry,
  type Pin,
  rootAddress,
} from "@orgtree/core";
import { hash } from "node:crypto";

/**
 * A part of a journal, to look at as at one of its own: what is at `/desk` in it is at `/run-7/desk` in the whole, where the scope is `/run-7`.
 * Positions are those of the whole.
 */
export class ScopedReader implements JournalReader {
  readonly #whole: JournalReader;
  protected readonly scope: Address;

  constructor(whole: JournalReader, scope: Address) {
    this.#whole = whole;
    this.scope = scope;
  }

  /** Made of that of the whole and the scope: the same address in another scope is another actor. */
  get run(): string {
    return hash("sha256", `${this.#whole.run}${this.scope}`).slice(0, 16);
  }

  async *images(at?: number): AsyncGenerator<Image> {
    const position = checkPosition(this.scope, at);
    for (const address of (await this.lastSeqs()).keys()) {
      const image = await this.image(address, position);
      if (image !== undefined) yield image;
    }
  }

  async image(address: Address, position?: number): Promise<Image | undefined> {
    const image = await this.#whole.image(this.outer(address), position);
    return image === undefined ? undefined : { address, entries: image.entries.map((entry) => at(address, entry)) };
  }

  async *read({ address, within, ...query }: EntryQuery = {}): AsyncGenerator<Entry> {
    const where = address === undefined ? { within: this.outer(within ?? rootAddress) } : { address: this.outer(address) };
    const both = address !== undefined && within !== undefined ? { ...where, within: this.outer(within) } : where;
    for await (const entry of this.#whole.read({ ...query, ...both })) yield at(this.inner(entry.address), entry);
  }

  async lastSeqs(): Promise<ReadonlyMap<Address, number>> {
    const seqs = new Map<Address, number>();
    for (const [address, seq] of await this.#whole.lastSeqs()) if (isWithin(address, this.scope)) seqs.set(this.inner(address), seq);
    return seqs;
  }

  /** That of the whole. */
  horizon(): Promise<number> {
    return this.#whole.horizon();
  }

  protected outer(address: Address): Address {
    return address === rootAddress ? this.scope : childAddress(this.scope, address.slice(1));
  }

  protected inner(address: Address): Address {
    return address === this.scope ? rootAddress : (address.slice(this.scope.length) as Address);
  }
}

/**
 * A part of a journal as a journal of its own, see `ScopedReader`. So what needs a journal for itself, as a run does, shares one store and one
 * writer with others, and its appends are gathered with theirs.
 *
 * Closing it closes nothing else. Nobody but who has it may write within the scope.
 */
export class ScopedJournal extends ScopedReader implements Journal {
  readonly #whole: Journal;
  readonly #appends = new Set<Promise<unknown>>();
  #closing: Promise<void> | undefined;

  constructor(whole: Journal, scope: Address) {
    super(whole, scope);
    this.#whole = whole;
  }

  get epoch(): number {
    return this.#whole.epoch;
  }

  async append(entries: readonly NewEntry[]): Promise<number> {
    this.#checkOpen();
    checkEntries(this.scope, entries);
    const appending = this.#whole.append(entries.map((entry) => at(this.outer(entry.address), entry)));
    this.#appends.add(appending);
    try {
      return await appending;
    } catch (error) {
      if (!(error instanceof JournalConflictError)) throw error;
      throw new JournalConflictError(error.journal, this.inner(error.address), { wanted: error.seq, last: error.last });
    } finally {
      this.#appends.delete(appending);
    }
  }

  mayBegin(): Promise<void> | undefined {
    return this.#whole.mayBegin?.();
  }

  override async *images(at?: number): AsyncGenerator<Image> {
    this.#checkOpen();
    // One moment, whatever is stored while they are read.
    const position = checkPosition(this.scope, at) ?? (await this.#whole.append([]));
    using _pin = this.#whole.pin(position + 1);
    yield* super.images(position);
  }

  // oxlint-disable-next-line typescript/require-await -- what is thrown here must reject
  override async image(address: Address, position?: number): Promise<Image | undefined> {
    this.#checkOpen();
    return super.image(address, position);
  }

  override async *read(query?: EntryQuery): AsyncGenerator<Entry> {
    this.#checkOpen();
    yield* super.read(query);
  }

  // oxlint-disable-next-line typescript/require-await -- what is thrown here must reject
  override async lastSeqs(): Promise<ReadonlyMap<Address, number>> {
    this.#checkOpen();
    return super.lastSeqs();
  }

  // oxlint-disable-next-line typescript/require-await -- what is thrown here must reject
  override async horizon(): Promise<number> {
    this.#checkOpen();
    return super.horizon();
  }

  pin(position: number): Pin {
    return this.#whole.pin(position);
  }

  /** Compacts the whole. */
  async compact(what?: Compaction): Promise<CompactionResult> {
    this.#checkOpen();
    return this.#whole.compact(what);
  }

  close(): Promise<void> {
    this.#closing ??= Promise.allSettled(this.#appends).then(() => {});
    return this.#closing;
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) throw new JournalError(this.scope, "it is closed; make another one of the whole");
  }
}

/** The same entry of another address. */
function at<E extends NewEntry>(address: Address, entry: E): E {
  return { ...entry, address };
}
