import type { JetStreamManager, StoredMsg } from "@nats-io/jetstream";
import { type Entry, JournalDamagedError } from "@orgtree/core";
import type { Block, EntryFact } from "./entry-index.ts";
import { isMissing } from "./journal-problem.ts";
import { decodeRecord, joinPieces, type PlacedEntry } from "./record.ts";

/** Bytes of records that are kept decoded, since one holds entries of many actors. */
const cacheBytes = 16_777_216;
/** Bytes of records that are read at the same time. */
const aheadBytes = 4_194_304;

/** Tries again what nobody answers, for as long as the journal waits for its servers. Rejects with `JournalError`. */
type Persist = <T>(work: () => Promise<T>) => Promise<T>;

/** Reads entries by what is known of them. Messages never change, so any replica may answer; a missing one is asked of the leader. */
export class BlockReader {
  readonly #journal: string;
  readonly #manager: JetStreamManager;
  readonly #stream: string;
  readonly #persist: Persist;
  readonly #missing: ((fact: EntryFact) => Error) | undefined;
  /** By first message, the longest unused first. */
  readonly #cache = new Map<number, { readonly bytes: number; readonly entries: Promise<ReadonlyMap<number, PlacedEntry>> }>();
  #cachedBytes = 0;

  /** `missing`: what an entry that is not there means. Default: the journal is damaged. */
  constructor(
    journal: string,
    parts: {
      readonly manager: JetStreamManager;
      readonly stream: string;
      readonly persist: Persist;
      readonly missing?: (fact: EntryFact) => Error;
    },
  ) {
    this.#journal = journal;
    this.#manager = parts.manager;
    this.#stream = parts.stream;
    this.#persist = parts.persist;
    this.#missing = parts.missing;
  }

  /** The entries behind some facts, but for those that were removed meanwhile. */
  async read(facts: readonly EntryFact[]): Promise<readonly Entry[]> {
    const entries = await Promise.all(facts.map((fact) => this.#entryOf(fact)));
    return entries.filter((entry) => entry !== undefined);
  }

  /** The same for groups of facts, some of them ahead of who reads. */
  async *readGroups(groups: Iterable<readonly EntryFact[]>): AsyncGenerator<readonly Entry[]> {
    let ahead: { readonly bytes: number; readonly entries: Promise<readonly Entry[]> }[] = [];
    let waiting = 0;
    for (const facts of groups) {
      const bytes = facts.reduce(
        (sum, fact) => sum + (this.#cache.has(fact.block?.first ?? -1) ? fact.bytes : (fact.block?.bytes ?? 0)),
        0,
      );
      const entries = this.read(facts);
      entries.catch(() => {});
      ahead.push({ bytes, entries });
      waiting += bytes;
      if (waiting < aheadBytes && ahead.length < 256) continue;
      for (const one of ahead) yield await one.entries;
      ahead = [];
      waiting = 0;
    }
    for (const one of ahead) yield await one.entries;
  }

  /** Forgets a record that is gone. */
  forget({ first }: Block): void {
    const known = this.#cache.get(first);
    if (known === undefined) return;
    this.#cache.delete(first);
    this.#cachedBytes -= known.bytes;
  }

  async #entryOf(fact: EntryFact): Promise<Entry | undefined> {
    // It may get another place while it is read.
    for (let block = fact.block; block !== undefined; block = fact.block) {
      const entry = (await this.#entriesOf(block)).get(fact.position);
      if (entry !== undefined) return ownCopy(entry);
      if (block === fact.block)
        throw (
          this.#missing?.(fact) ?? new JournalDamagedError(this.#journal, `entry ${fact.seq} of ${fact.address} is not where it was stored`)
        );
    }
    return undefined;
  }

  #entriesOf(block: Block): Promise<ReadonlyMap<number, PlacedEntry>> {
    const known = this.#cache.get(block.first);
    if (known !== undefined) {
      this.#cache.delete(block.first);
      this.#cache.set(block.first, known);
      return known.entries;
    }
    const entries = this.#load(block);
    this.#cache.set(block.first, { bytes: block.bytes, entries });
    this.#cachedBytes += block.bytes;
    entries.catch(() => this.forget(block));
    for (const [first, { bytes }] of this.#cache) {
      if (this.#cachedBytes <= cacheBytes || first === block.first) break;
      this.#cache.delete(first);
      this.#cachedBytes -= bytes;
    }
    return entries;
  }

  async #load(block: Block): Promise<ReadonlyMap<number, PlacedEntry>> {
    const messages = await Promise.all(Array.from({ length: block.count }, (_, index) => this.#message(block.first + index)));
    const there = messages.filter((message) => message !== undefined);
    // Gone because compaction has just removed it, which whoever asked finds out; or lost.
    if (there.length < messages.length) return new Map();
    const record = decodeRecord(this.#journal, joinPieces(there), `message ${block.first}`);
    if (record.type === "moved") return new Map(record.entries.map((entry) => [entry.position, entry]));
    if (record.type !== "entries") return new Map();
    return new Map(record.entries.map((entry, index) => [record.first + index, { ...entry, position: record.first + index }]));
  }

  async #message(seq: number): Promise<Uint8Array | undefined> {
    const read = async (): Promise<StoredMsg | undefined> =>
      (await this.#manager.direct.getMessage(this.#stream, { seq }).catch(() => null)) ?? this.messageAtLeader(seq);
    return (await this.#persist(read))?.data;
  }

  /** A message as the leader of the stream has it; undefined when it has none. */
  async messageAtLeader(seq: number): Promise<StoredMsg | undefined> {
    try {
      return (await this.#manager.streams.getMessage(this.#stream, { seq })) ?? undefined;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }
}

function ownCopy({ position, address, seq, kind, mark, data }: PlacedEntry): Entry {
  return { position, address, seq, kind, ...(mark === undefined ? {} : { mark }), data: new Uint8Array(data) };
}
