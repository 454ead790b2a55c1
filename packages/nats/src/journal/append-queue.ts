import { type Address, JournalConflictError, type JournalError, JournalFullError, type NewEntry } from "@orgtree/core";
import { type Block, digestOf, type EntryIndex } from "./entry-index.ts";
import type { LogListener, LogWriter } from "./log-writer.ts";
import { encodeRecord } from "./record.ts";

/** Most that one record gathers, so that the first does not wait for the last. */
const recordBytes = 262_144;
const recordAppends = 4_096;
/** Records on their way at the same time. More of them would be smaller ones. */
const window = 8;

interface FreshEntry {
  readonly entry: NewEntry;
  readonly position: number;
  readonly digest: string;
}

/** One append, with what it will be answered once everything before it is stored. */
interface Item {
  readonly bytes: number;
  readonly answer: number | JournalConflictError;
  readonly resolve: (position: number) => void;
  readonly reject: (error: JournalError) => void;
}

/** Appends that are stored together, in one record. */
interface Batch {
  readonly items: Item[];
  readonly entries: FreshEntry[];
  bytes: number;
  /** Holds something that only the current writer may be told is stored. */
  asksForEpoch: boolean;
}

/** Something that is written alone: it begins when everything before it is stored, and everything behind it waits. */
interface Job {
  readonly run: () => { readonly bytes: Uint8Array; readonly stored: (block: Block) => void };
  readonly reject: (error: JournalError) => void;
}

/** Appends on their way to the stream: checked at once, gathered for the length of a microtask, and answered in order. */
export class AppendQueue implements LogListener {
  readonly #journal: string;
  readonly #index: EntryIndex;
  readonly #maxWaitingBytes: number;
  #writer: LogWriter | undefined;
  #waiting: (Batch | Job)[] = [];
  #sending: (Batch | Job)[] = [];
  /** Entries that are not stored yet, by address and number, and the newest number of each address among them. */
  readonly #pending = new Map<string, FreshEntry>();
  readonly #pendingSeqs = new Map<Address, number>();
  #lastPosition: number;
  #waitingBytes = 0;
  /** Set when one was refused, until some are answered: a smaller one behind it must not slip past. */
  #isFull = false;
  #isFlushing = false;
  #idle: PromiseWithResolvers<void> | undefined;

  constructor(journal: string, { index, maxWaitingBytes }: { readonly index: EntryIndex; readonly maxWaitingBytes: number }) {
    this.#journal = journal;
    this.#index = index;
    this.#maxWaitingBytes = maxWaitingBytes;
    this.#lastPosition = index.lastPosition;
  }

  /** Where the records go; to be said once, before anything else. */
  writeTo(writer: LogWriter): void {
    this.#writer = writer;
  }

  append(entries: readonly NewEntry[], bytes: number): Promise<number> {
    if (this.#writer!.over !== undefined) return Promise.reject(this.#writer!.over);
    if (this.#isFull || (this.#waitingBytes > 0 && this.#waitingBytes + bytes > this.#maxWaitingBytes)) {
      this.#isFull = true;
      return Promise.reject(new JournalFullError(this.#journal, this.#maxWaitingBytes));
    }
    const batch = this.#openBatch();
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    batch.items.push({ bytes, answer: this.#take(entries, batch), resolve, reject });
    batch.bytes += bytes;
    this.#waitingBytes += bytes;
    this.#flushSoon();
    return promise;
  }

  /** Writes one record alone, when everything before it is stored. `make` is called then; what it is told to do is done first. */
  alone<T>(make: () => { readonly bytes: Uint8Array; readonly stored: (block: Block) => T }): Promise<T> {
    if (this.#writer!.over !== undefined) return Promise.reject(this.#writer!.over);
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const run: Job["run"] = () => {
      const { bytes, stored } = make();
      return { bytes, stored: (block) => resolve(stored(block)) };
    };
    this.#waiting.push({ run, reject });
    this.#flushSoon();
    return promise;
  }

  /** Resolves when everything that was asked for has been answered. */
  idle(): Promise<void> {
    if (this.#waiting.length + this.#sending.length === 0) return Promise.resolve();
    this.#idle ??= Promise.withResolvers();
    return this.#idle.promise;
  }

  failed(error: JournalError): void {
    const all = [...this.#sending, ...this.#waiting];
    this.#sending = [];
    this.#waiting = [];
    this.#pending.clear();
    this.#pendingSeqs.clear();
    this.#lastPosition = this.#index.lastPosition;
    this.#waitingBytes = 0;
    this.#isFull = false;
    for (const one of all) {
      if (isJob(one)) one.reject(error);
      else for (const { reject } of one.items) reject(error);
    }
    this.#tellIdle();
  }

  ready(): void {
    this.#flush();
  }

  /** Looks at an append and takes its entries, all or none; gives what it will be answered. */
  #take(entries: readonly NewEntry[], batch: Batch): number | JournalConflictError {
    const fresh: FreshEntry[] = [];
    const freshSeqs = new Map<Address, number>();
    let answer = this.#lastPosition;
    for (const entry of entries) {
      const { address, seq } = entry;
      const last = freshSeqs.get(address) ?? this.#pendingSeqs.get(address) ?? this.#index.lastSeq(address) ?? -1;
      const digest = digestOf(entry);
      if (seq > last) {
        freshSeqs.set(address, seq);
        fresh.push({ entry, position: this.#lastPosition + fresh.length + 1, digest });
        answer = this.#lastPosition + fresh.length;
        continue;
      }
      const known =
        fresh.find((one) => one.entry.address === address && one.entry.seq === seq) ??
        this.#pending.get(keyOf(entry)) ??
        this.#index.find(address, seq);
      if (known?.digest !== digest) return new JournalConflictError(this.#journal, address, { wanted: seq, last });
      answer = known.position;
    }
    for (const one of fresh) {
      this.#pending.set(keyOf(one.entry), one);
      this.#pendingSeqs.set(one.entry.address, one.entry.seq);
      batch.entries.push(one);
    }
    this.#lastPosition += fresh.length;
    batch.asksForEpoch ||= entries.length > 0;
    return answer;
  }

  #openBatch(): Batch {
    const last = this.#waiting.at(-1);
    if (last !== undefined && !isJob(last) && last.bytes < recordBytes && last.items.length < recordAppends) return last;
    const batch: Batch = { items: [], entries: [], bytes: 0, asksForEpoch: false };
    this.#waiting.push(batch);
    return batch;
  }

  #flushSoon(): void {
    // Those whose appends were just answered make their next ones in the same breath: they go together.
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    queueMicrotask(() => {
      this.#isFlushing = false;
      this.#flush();
    });
  }

  #flush(): void {
    const writer = this.#writer!;
    while (this.#waiting.length > 0) {
      const next = this.#waiting[0]!;
      const isBusy = this.#sending.length > 0;
      if (isBusy && (!writer.isReady || isJob(next) || isJob(this.#sending[0]!) || this.#sending.length >= window)) return;
      if (writer.over !== undefined) return this.failed(writer.over);
      this.#waiting.shift();
      if (isJob(next)) this.#start(next, next.run());
      else if (next.asksForEpoch) this.#send(next);
      else if (isBusy) (this.#sending.at(-1) as Batch).items.push(...next.items);
      else this.#answer(next);
    }
  }

  #start(job: Job, { bytes, stored }: ReturnType<Job["run"]>): void {
    this.#sending.push(job);
    this.#writer!.send(bytes, (block) => {
      this.#sending.shift();
      stored(block);
      this.#tellIdle();
    });
  }

  #send(batch: Batch): void {
    this.#sending.push(batch);
    const first = batch.entries[0]?.position ?? this.#index.lastPosition + 1;
    const bytes = encodeRecord({ type: "entries", first, entries: batch.entries.map(({ entry }) => entry) });
    this.#writer!.send(bytes, (block) => {
      this.#sending.shift();
      this.#index.add(batch.entries, block);
      for (const { entry } of batch.entries) this.#settle(entry);
      this.#answer(batch);
    });
  }

  #settle(entry: NewEntry): void {
    this.#pending.delete(keyOf(entry));
    if (this.#pendingSeqs.get(entry.address) === entry.seq) this.#pendingSeqs.delete(entry.address);
  }

  #answer({ items }: Batch): void {
    this.#isFull = false;
    for (const { bytes, answer, resolve, reject } of items) {
      this.#waitingBytes -= bytes;
      if (typeof answer === "number") resolve(answer);
      else reject(answer);
    }
    this.#tellIdle();
  }

  #tellIdle(): void {
    if (this.#waiting.length + this.#sending.length > 0) return;
    this.#idle?.resolve();
    this.#idle = undefined;
  }
}

function isJob(one: Batch | Job): one is Job {
  return "run" in one;
}

function keyOf({ address, seq }: NewEntry): string {
  return `${address}#${seq}`;
}
