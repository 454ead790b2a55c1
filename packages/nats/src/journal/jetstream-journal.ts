import {
  type Address,
  checkEntries,
  checkPosition,
  type Compaction,
  type CompactionResult,
  type Entry,
  type EntryQuery,
  type Image,
  type Journal,
  JournalError,
  type NewEntry,
  type Pin,
  Pins,
} from "@orgtree/core";
import type { NatsLink } from "../connection/nats-link.ts";
import { AppendQueue } from "./append-queue.ts";
import { BlockReader } from "./block-reader.ts";
import { Compactor } from "./compactor.ts";
import { EntryIndex } from "./entry-index.ts";
import { LogWriter } from "./log-writer.ts";
import { openStream } from "./open-stream.ts";
import { persist } from "./persist.ts";
import { scanStream } from "./scan.ts";
import { StoredView } from "./stored-view.ts";
import { namesOf } from "./stream-settings.ts";

/** How to open a journal in JetStream. */
export interface JetStreamJournalOptions {
  /** Which journal: 1 to 64 letters, digits, `_` and `-`. Its stream is `J_<name>`, its subjects are `orgtree.<name>.j.*`. */
  readonly name: string;
  /** On how many servers it is kept: 1, 3 or 5. Default 1; a stream that has fewer is refused. */
  readonly replicas?: number | undefined;
  /** Largest size of the stream, in bytes; beyond it appends are refused. Used when the stream is made. Default: no limit. */
  readonly maxBytes?: number | undefined;
  /** Where the servers keep it. Default `file`; with `memory` it is gone when they stop. */
  readonly storage?: "file" | "memory" | undefined;
  /** Bytes of data that may wait to be stored before `append` refuses. Default 64 MiB. */
  readonly maxWaitingBytes?: number | undefined;
  /** Longest wait for an answer until it is looked up what became of an append, in milliseconds. Default 5,000. */
  readonly answerMs?: number | undefined;
  /**
   * Longest time in which nothing can be stored, because the connection is lost or nobody leads the stream, until what waits is
   * given up, in milliseconds. Default 20,000: a fail-over takes up to 8 s.
   */
  readonly outageMs?: number | undefined;
}

/** 64 MiB. */
const defaultMaxWaitingBytes = 67_108_864;

/**
 * Opens a journal in JetStream for writing, whoever has it open: the epoch rises, and the writer before is fenced. Who may open it
 * is decided elsewhere, by a lease. Makes the stream when it is not there.
 *
 * Reads the whole stream once, so its time is that of what compaction left.
 *
 * Rejects with `JetStreamJournalError`, whose `problem` says what is wrong, or `JournalDamagedError`.
 */
export async function openJetStreamJournal(link: NatsLink, options: JetStreamJournalOptions): Promise<JetStreamJournal> {
  const { name, replicas = 1, maxBytes = -1, storage = "file", answerMs = 5_000, outageMs = 20_000 } = options;
  const names = namesOf(name);
  const limits = { names, wishes: { replicas, maxBytes, storage }, answerMs, outageMs };
  const { manager, epoch, run } = await openStream(name, link, limits);
  const index = new EntryIndex();
  await scanStream(index, { journal: name, manager, stream: names.stream, upTo: epoch, withinMs: outageMs });
  const reader = new BlockReader(name, {
    manager,
    stream: names.stream,
    persist: (work) => persist({ journal: name, link, outageMs }, work),
  });
  const queue = new AppendQueue(name, { index, maxWaitingBytes: options.maxWaitingBytes ?? defaultMaxWaitingBytes });
  const lookUp: BlockReader["messageAtLeader"] = (seq) => reader.messageAtLeader(seq);
  const writer = new LogWriter({ journal: name, link, manager, names, epoch, answerMs, outageMs, lookUp }, queue);
  queue.writeTo(writer);
  const pins = new Pins();
  const compactor = new Compactor({ journal: name, manager, names, index, queue, reader, pins });
  return new JetStreamJournal(name, { epoch, run, index, reader, queue, writer, compactor, pins });
}

interface Parts {
  readonly epoch: number;
  readonly run: string;
  readonly index: EntryIndex;
  readonly reader: BlockReader;
  readonly queue: AppendQueue;
  readonly writer: LogWriter;
  readonly compactor: Compactor;
  readonly pins: Pins;
}

/**
 * The journal in a stream of JetStream. What stands in it is known without asking; the content is read when it is wanted.
 *
 * The connection is not its own: it stays open when the journal is closed.
 */
export class JetStreamJournal implements Journal, AsyncDisposable {
  readonly name: string;
  readonly epoch: number;
  readonly run: string;
  readonly #parts: Parts;
  readonly #view: StoredView;
  /** The compaction that was asked for last, for readers who must not begin before it is over. */
  #compacting: Promise<unknown> = Promise.resolve();
  #closing: Promise<void> | undefined;

  /** @internal Use `openJetStreamJournal`. */
  constructor(name: string, parts: Parts) {
    this.name = name;
    this.epoch = parts.epoch;
    this.run = parts.run;
    this.#parts = parts;
    this.#view = new StoredView(name, parts);
  }

  /** Why nothing more can be stored through this opening; it has to be opened again then. */
  get over(): JournalError | undefined {
    return this.#parts.writer.over;
  }

  // oxlint-disable-next-line typescript/require-await -- what is thrown here must reject
  async append(entries: readonly NewEntry[]): Promise<number> {
    this.#checkOpen();
    return this.#parts.queue.append(entries, checkEntries(this.name, entries));
  }

  async horizon(): Promise<number> {
    await this.#readable();
    return this.#view.horizon();
  }

  async *images(at?: number): AsyncGenerator<Image> {
    await this.#readable();
    yield* this.#view.images(at);
  }

  async image(address: Address, at?: number): Promise<Image | undefined> {
    await this.#readable();
    return this.#view.image(address, at);
  }

  async *read(query: EntryQuery = {}): AsyncGenerator<Entry> {
    await this.#readable();
    yield* this.#view.read(query);
  }

  async lastSeqs(): Promise<ReadonlyMap<Address, number>> {
    await this.#readable();
    return this.#view.lastSeqs();
  }

  pin(position: number): Pin {
    return this.#parts.pins.pin(checkPosition(this.name, position)!);
  }

  async compact(what: Compaction = {}): Promise<CompactionResult> {
    this.#checkOpen();
    checkPosition(this.name, what.keepAfter);
    const work = this.#parts.compactor.compact(what);
    this.#compacting = Promise.allSettled([this.#compacting, work]);
    return work;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    await this.#compacting;
    await this.#parts.queue.idle();
    this.#parts.writer.close();
  }

  async #readable(): Promise<void> {
    this.#checkOpen();
    await this.#compacting;
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) throw new JournalError(this.name, "it is closed; open it again to use it");
  }
}
