import {
  JournalConflictError,
  JournalError,
  type Address,
  type Compaction,
  type CompactionResult,
  type Entry,
  type EntryQuery,
  type Image,
  type Journal,
  type NewEntry,
  type Pin,
} from "@orgtree/core";
import { MemoryJournal, type MemoryFile } from "@orgtree/journal";
import type { LifeLine } from "./life-line.ts";
import type { SeededRandom } from "./seeded-random.ts";

/** What becomes of an append. */
export interface AppendFault {
  readonly how: "before" | "after" | "for-good" | "slow";
  readonly ms: number;
}

/** What a faulty journal is given. */
export interface FaultyJournalOptions {
  readonly file: MemoryFile;
  readonly line: LifeLine;
  readonly random: SeededRandom;
  /** The fault that strikes this append, where one does. */
  readonly nextFault: (entries: readonly NewEntry[]) => AppendFault | undefined;
  /** All that was ever stored, also what compaction has removed. */
  readonly archive: Entry[];
  readonly noteAppend: (append: { epoch: number; entries: readonly NewEntry[]; how: string }) => void;
}

interface Waiting {
  readonly entries: readonly NewEntry[];
  readonly fault: AppendFault | undefined;
  readonly resolve: (position: number) => void;
  readonly reject: (error: Error) => void;
}

/**
 * The memory journal behind a slow and faulty disk. Appends wait, are written in the order of their calls, several at once,
 * and acknowledged later, in any order. When its process ends, what is not acknowledged may be stored or not: from some
 * append on nothing is.
 */
export class FaultyJournal implements Journal {
  readonly #inner: MemoryJournal;
  readonly #options: FaultyJournalOptions;
  #waiting: Waiting[] = [];
  #flushing = false;

  constructor(options: FaultyJournalOptions) {
    this.#inner = new MemoryJournal(options.file);
    this.#options = options;
  }

  get epoch(): number {
    return this.#inner.epoch;
  }

  get run(): string {
    return this.#inner.run;
  }

  append(entries: readonly NewEntry[]): Promise<number> {
    const { line, nextFault } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    if (!line.passes()) return promise;
    this.#waiting.push({ entries, fault: nextFault(entries), resolve, reject });
    this.#schedule();
    return promise;
  }

  #schedule(): void {
    if (this.#flushing || this.#waiting.length === 0) return;
    this.#flushing = true;
    const { line, random } = this.#options;
    const first = this.#waiting[0]!;
    const slowMs = first.fault?.how === "slow" ? first.fault.ms : 0;
    line.after(random.int(0, 3) + slowMs, () => {
      this.#flushing = false;
      this.#flush();
      this.#schedule();
    });
  }

  /** Writes some of what waits, up to the first that fails, which takes all behind it along. */
  #flush(): void {
    const batch = this.#waiting.splice(0, this.#options.random.int(1, this.#waiting.length));
    for (const [at, { fault, reject }] of batch.entries()) {
      const how = fault?.how ?? "stored";
      if (how === "before" || how === "for-good") {
        this.#acknowledge(() => reject(failed(how === "before")));
        return this.#fail([...batch.slice(at + 1), ...this.#waiting.splice(0)]);
      }
      const stored = this.#write(batch[at]!, how);
      if (how === "after") {
        stored.catch(() => {});
        this.#acknowledge(() => reject(unknown()));
        return this.#fail([...batch.slice(at + 1), ...this.#waiting.splice(0)]);
      }
    }
  }

  /** The memory journal stores before it gives back its promise. */
  #write({ entries, resolve, reject }: Waiting, how: string): Promise<number> {
    const stored = this.#store(entries, how);
    if (how !== "after")
      stored.then(
        (position) => this.#acknowledge(() => resolve(position)),
        (error: unknown) => this.#acknowledge(() => reject(error as Error)),
      );
    return stored;
  }

  #store(entries: readonly NewEntry[], how: string): Promise<number> {
    const { file, archive, noteAppend } = this.#options;
    const before = file.lastPosition;
    const stored = this.#inner.append(entries);
    stored.catch((error: unknown) => error instanceof JournalConflictError && noteAppend({ epoch: this.epoch, entries, how: "conflict" }));
    if (file.lastPosition === before) return stored;
    for (const [at, entry] of entries.entries()) archive.push({ ...entry, position: before + 1 + at });
    noteAppend({ epoch: this.epoch, entries, how });
    return stored;
  }

  #fail(behind: readonly Waiting[]): void {
    for (const { reject } of behind) this.#acknowledge(() => reject(failed(true)));
  }

  #acknowledge(tell: () => void): void {
    this.#options.line.after(this.#options.random.int(0, 2), tell);
  }

  /** Its process ends: a part of what waits gets stored all the same. */
  crash(tail: number): void {
    const kept = Math.round(tail * this.#waiting.length);
    for (const { entries, fault } of this.#waiting.slice(0, kept)) {
      if (fault?.how === "before" || fault?.how === "for-good") break;
      this.#store(entries, "tail").catch(() => {});
    }
    this.#waiting = [];
  }

  horizon(): Promise<number> {
    return this.#inner.horizon();
  }

  images(at?: number): AsyncIterable<Image> {
    return this.#inner.images(at);
  }

  image(address: Address, at?: number): Promise<Image | undefined> {
    return this.#inner.image(address, at);
  }

  read(query?: EntryQuery): AsyncIterable<Entry> {
    return this.#inner.read(query);
  }

  lastSeqs(): Promise<ReadonlyMap<Address, number>> {
    return this.#inner.lastSeqs();
  }

  pin(position: number): Pin {
    return this.#inner.pin(position);
  }

  compact(what?: Compaction): Promise<CompactionResult> {
    return this.#inner.compact(what);
  }

  close(): Promise<void> {
    return this.#inner.close();
  }
}

function failed(retryable: boolean): JournalError {
  return new JournalError("simulated", retryable ? "the disk is busy" : "the disk is full", { retryable });
}

function unknown(): JournalError {
  return new JournalError("simulated", "the disk says nothing", { retryable: true, outcome: "unknown" });
}
