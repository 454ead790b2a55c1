import {
  checkEntries,
  checkPosition,
  decideCut,
  decideRemovals,
  JournalCompactedError,
  type Address,
  type Compaction,
  type CompactionResult,
  type Entry,
  type EntryQuery,
  type Image,
  isWithin,
  type Journal,
  JournalConflictError,
  JournalError,
  JournalFencedError,
  type NewEntry,
  type Pin,
  Pins,
} from "@orgtree/core";
import { type History, MemoryFile } from "./memory-file.ts";

/**
 * The journal that keeps everything in memory: for tests, and for systems that need not survive their process.
 *
 * It is as strict as a real one: bytes are copied on their way in and out, opening the same `MemoryFile` again raises the
 * epoch and fences the journal before. What is stored is visible at once.
 */
export class MemoryJournal implements Journal, AsyncDisposable {
  readonly epoch: number;
  readonly run: string;
  readonly #file: MemoryFile;
  readonly #pins = new Pins();
  #closed = false;

  constructor(file: MemoryFile = new MemoryFile()) {
    this.#file = file;
    this.epoch = ++file.epoch;
    this.run = file.run;
  }

  // oxlint-disable-next-line typescript/require-await -- what is thrown here must reject
  async append(entries: readonly NewEntry[]): Promise<number> {
    this.#checkWritable();
    checkEntries(this.#file.name, entries);
    const work = new Append(this.#file);
    for (const entry of entries) work.add(entry);
    return work.store();
  }

  // oxlint-disable-next-line typescript/require-await -- what is thrown here must reject
  async horizon(): Promise<number> {
    this.#checkOpen();
    return this.#file.horizon;
  }

  async *images(at?: number): AsyncGenerator<Image> {
    this.#checkOpen();
    const position = checkPosition(this.#file.name, at) ?? this.#file.lastPosition;
    if (position < this.#file.horizon) throw new JournalCompactedError(this.#file.name, position, this.#file.horizon);
    using _pin = this.#pins.pin(position + 1);
    for (const [address, { entries }] of this.#file.histories) {
      const image = imageOf(entries, position);
      if (image.length > 0) yield { address, entries: image.map(copy) };
    }
  }

  // oxlint-disable-next-line typescript/require-await -- what is thrown here must reject
  async image(address: Address, at?: number): Promise<Image | undefined> {
    this.#checkOpen();
    const { name, horizon, histories, lastPosition } = this.#file;
    const position = checkPosition(name, at) ?? lastPosition;
    const entries = histories.get(address)?.entries ?? [];
    if (position < horizon && !entries.some((entry) => entry.position === position && entry.mark !== undefined)) {
      throw new JournalCompactedError(name, position, horizon);
    }
    const image = imageOf(entries, position);
    return image.length === 0 ? undefined : { address, entries: image.map(copy) };
  }

  async *read(query: EntryQuery = {}): AsyncGenerator<Entry> {
    this.#checkOpen();
    const upTo = Math.min(query.upTo ?? Infinity, this.#file.lastPosition);
    const found: Entry[] = [];
    for (const [address, { entries }] of this.#file.histories) {
      if (query.address !== undefined && address !== query.address) continue;
      if (query.within !== undefined && !isWithin(address, query.within)) continue;
      for (const entry of entries) if (matches(entry, { ...query, upTo })) found.push(entry);
    }
    for (const entry of found.sort((a, b) => a.position - b.position)) yield copy(entry);
  }

  // oxlint-disable-next-line typescript/require-await -- what is thrown here must reject
  async lastSeqs(): Promise<ReadonlyMap<Address, number>> {
    this.#checkOpen();
    return new Map([...this.#file.histories].map(([address, { lastSeq }]) => [address, lastSeq]));
  }

  pin(position: number): Pin {
    return this.#pins.pin(checkPosition(this.#file.name, position)!);
  }

  // oxlint-disable-next-line typescript/require-await -- what is thrown here must reject
  async compact({ keepAfter }: Compaction = {}): Promise<CompactionResult> {
    this.#checkWritable();
    const file = this.#file;
    checkPosition(file.name, keepAfter);
    const cut = decideCut({ keepAfter, last: file.lastPosition, pinned: this.#pins.lowest });
    file.horizon = Math.max(file.horizon, cut);
    let removed = 0;
    let kept = 0;
    for (const history of file.histories.values()) {
      const gone = removalsOf(history, cut);
      removed += gone.size;
      if (gone.size > 0) history.entries = history.entries.filter(({ position }) => !gone.has(position));
      kept += history.entries.length;
    }
    return { removed, kept };
  }

  close(): Promise<void> {
    this.#closed = true;
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #checkOpen(): void {
    if (this.#closed) throw new JournalError(this.#file.name, "it is closed; open it again to use it");
  }

  #checkWritable(): void {
    this.#checkOpen();
    if (this.epoch !== this.#file.epoch) throw new JournalFencedError(this.#file.name, { own: this.epoch, current: this.#file.epoch });
  }
}

/** One append: looks at all entries before it stores any. */
class Append {
  readonly #file: MemoryFile;
  readonly #new: NewEntry[] = [];
  readonly #lastSeqs = new Map<Address, number>();
  /** Of the entry that was added last, where it was there already. */
  #position: number | undefined;

  constructor(file: MemoryFile) {
    this.#file = file;
  }

  add(entry: NewEntry): void {
    const last = this.#lastSeqs.get(entry.address) ?? this.#file.histories.get(entry.address)?.lastSeq ?? -1;
    if (entry.seq > last) {
      this.#lastSeqs.set(entry.address, entry.seq);
      this.#new.push(entry);
      this.#position = undefined;
      return;
    }
    const stored = this.#file.histories.get(entry.address)?.entries.find(({ seq }) => seq === entry.seq);
    const added = this.#new.findIndex(({ address, seq }) => address === entry.address && seq === entry.seq);
    const known = stored ?? this.#new[added];
    if (known === undefined || !isSame(known, entry)) {
      throw new JournalConflictError(this.#file.name, entry.address, { wanted: entry.seq, last });
    }
    this.#position = stored?.position ?? this.#file.lastPosition + added + 1;
  }

  store(): number {
    for (const entry of this.#new) {
      let history = this.#file.histories.get(entry.address);
      if (history === undefined) this.#file.histories.set(entry.address, (history = { lastSeq: -1, entries: [] }));
      history.lastSeq = entry.seq;
      history.entries.push(copy({ ...entry, position: ++this.#file.lastPosition }));
    }
    return this.#position ?? this.#file.lastPosition;
  }
}

function copy(entry: Entry): Entry {
  const { address, seq, kind, mark, data, position } = entry;
  return { position, address, seq, kind, ...(mark === undefined ? {} : { mark }), data: data.slice() };
}

function isSame(a: NewEntry, b: NewEntry): boolean {
  return a.kind === b.kind && a.mark === b.mark && Buffer.compare(a.data, b.data) === 0;
}

function imageOf(entries: readonly Entry[], at: number): readonly Entry[] {
  const past = entries.filter(({ position }) => position <= at);
  const start = past.findLastIndex(({ kind }) => kind !== "part");
  return start >= 0 && past[start]!.kind === "whole" ? past.slice(start) : [];
}

function matches(entry: Entry, { fromSeq, toSeq, after, upTo, mark }: EntryQuery): boolean {
  if (fromSeq !== undefined && entry.seq < fromSeq) return false;
  if (toSeq !== undefined && entry.seq > toSeq) return false;
  if (after !== undefined && entry.position <= after) return false;
  if (upTo !== undefined && entry.position > upTo) return false;
  return mark === undefined || entry.mark === mark;
}

function removalsOf(history: History, cut: number): ReadonlySet<number> {
  const past = history.entries.filter(({ position }) => position <= cut);
  return new Set(decideRemovals(past.map(({ position, kind, mark }) => ({ position, kind, marked: mark !== undefined }))));
}
