import type { JetStreamManager } from "@nats-io/jetstream";
import { type Compaction, type CompactionResult, decideCut, type Pins } from "@orgtree/core";
import type { AppendQueue } from "./append-queue.ts";
import type { BlockReader } from "./block-reader.ts";
import type { Block, EntryFact, EntryIndex } from "./entry-index.ts";
import { answerIn, isMissing, toJournalError } from "./journal-problem.ts";
import { encodeRecord, type CompactionRecord } from "./record.ts";
import type { StreamNames } from "./stream-settings.ts";

/** Most bytes that are moved with one record. */
const moveBytes = 262_144;
/** What an entry takes beside its data, about. */
const entryBytes = 48;
const deletesAtOnce = 64;

/** What a compactor works on. */
export interface CompactorParts {
  readonly journal: string;
  readonly manager: JetStreamManager;
  readonly names: StreamNames;
  readonly index: EntryIndex;
  readonly queue: AppendQueue;
  readonly reader: BlockReader;
  readonly pins: Pins;
}

/**
 * Removes what nobody needs: first by a record that says so, from which on it is gone for everybody who opens the journal; then
 * the messages. Records of which less than half is needed are written again, so that one old entry does not keep many.
 */
export class Compactor {
  readonly #parts: CompactorParts;
  #isTidying: Promise<void> = Promise.resolve();

  constructor(parts: CompactorParts) {
    this.#parts = parts;
  }

  async compact({ keepAfter }: Compaction): Promise<CompactionResult> {
    const { queue, index, pins } = this.#parts;
    const result = await queue.alone(() => {
      const cut = decideCut({ keepAfter, last: index.lastPosition, pinned: pins.lowest });
      const horizon = Math.max(index.horizon, cut);
      const record: CompactionRecord = { type: "compaction", horizon, last: index.lastPosition, gone: index.goneAt(horizon) };
      return {
        bytes: encodeRecord(record),
        stored: (block) => {
          index.replaceCompaction(block);
          return index.compact(record);
        },
      };
    });
    const tidied = this.#isTidying.then(() => this.#tidy());
    this.#isTidying = tidied.catch(() => {});
    await tidied;
    return result;
  }

  async #tidy(): Promise<void> {
    await this.#moveSparse();
    try {
      await this.#deleteGarbage();
    } catch (error) {
      throw toJournalError(this.#parts.journal, error);
    }
  }

  async #moveSparse(): Promise<void> {
    const { index } = this.#parts;
    const sparse = new Set([...index.blocks.values()].filter(isSparse));
    if (sparse.size === 0) return;
    let facts: EntryFact[] = [];
    let bytes = 0;
    for (const fact of index.select({})) {
      if (fact.block === undefined || !sparse.has(fact.block)) continue;
      facts.push(fact);
      bytes += fact.bytes + entryBytes;
      if (bytes < moveBytes) continue;
      await this.#move(facts);
      facts = [];
      bytes = 0;
    }
    if (facts.length > 0) await this.#move(facts);
  }

  async #move(facts: readonly EntryFact[]): Promise<void> {
    const { index, queue, reader } = this.#parts;
    const entries = await reader.read(facts);
    await queue.alone(() => {
      const there = new Set(facts.filter(({ block }) => block !== undefined).map(({ position }) => position));
      const moved = entries.filter(({ position }) => there.has(position));
      return { bytes: encodeRecord({ type: "moved", entries: moved }), stored: (block) => index.move(moved, block) };
    });
  }

  /** Removes messages that hold nothing. A late one does no harm: whoever opens the journal knows already that it holds nothing. */
  async #deleteGarbage(): Promise<void> {
    const { index, manager, names, reader } = this.#parts;
    const garbage = [...index.garbage].sort((a, b) => a.first - b.first);
    const needed = index.firstNeeded();
    const before = garbage.filter(({ first }) => first < needed);
    if (before.length > 0) await manager.streams.purge(names.stream, { filter: names.log, seq: needed });
    const purged = new Set(before);
    const single = garbage.filter((block) => !purged.has(block)).flatMap(messagesOf);
    const openings = [...index.oldOpenings];
    for (const seqs of chunks([...single, ...openings], deletesAtOnce)) {
      // One that is gone already is what was wanted.
      await Promise.all(seqs.map((seq) => manager.streams.deleteMessage(names.stream, seq, false).catch(ignoreMissing)));
    }
    for (const block of garbage) {
      index.garbage.delete(block);
      reader.forget(block);
    }
    for (const seq of openings) index.oldOpenings.delete(seq);
  }
}

function messagesOf({ first, count }: Block): readonly number[] {
  return Array.from({ length: count }, (_, index) => first + index);
}

function chunks<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) => items.slice(index * size, (index + 1) * size));
}

function ignoreMissing(error: unknown): void {
  // 10043: a message of that sequence was never there, or is gone.
  if (!isMissing(error) && answerIn(error)?.code !== 10_043 && answerIn(error)?.code !== 10_057) throw error;
}

function isSparse({ bytes, live, liveBytes }: Block): boolean {
  return (liveBytes + live * entryBytes) * 2 < bytes;
}
