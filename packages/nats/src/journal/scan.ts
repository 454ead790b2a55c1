import type { JetStreamManager, StoredMsg } from "@nats-io/jetstream";
import { digestOf, type EntryIndex, makeBlock } from "./entry-index.ts";
import { JetStreamJournalError, toJournalError } from "./journal-problem.ts";
import { decodeRecord, joinPieces, pieceOf, type StoredRecord } from "./record.ts";

const batchMessages = 1_000;
const batchBytes = 8_388_608;

/**
 * Reads a stream from its first message to `upTo`, which is there: whoever opened it wrote that one. A replica that is behind
 * answers with less, and is asked again until `withinMs` have passed.
 */
export async function scanStream(
  index: EntryIndex,
  from: {
    readonly journal: string;
    readonly manager: JetStreamManager;
    readonly stream: string;
    readonly upTo: number;
    readonly withinMs: number;
  },
): Promise<void> {
  const { journal, upTo, withinMs } = from;
  const records = new RecordScan(journal, index);
  const giveUpAt = performance.now() + withinMs;
  let next = 1;
  let ahead = readBatch(from, next);
  while (next <= upTo) {
    const messages = await ahead.catch((error: unknown) => emptyAnswer(journal, error));
    next = (messages.at(-1)?.seq ?? next - 1) + 1;
    // The next ones come while these are looked at.
    if (messages.length > 0 && next <= upTo) ahead = readBatch(from, next);
    for (const message of messages) if (message.seq <= upTo) records.take(message);
    if (messages.length > 0) continue;
    if (performance.now() > giveUpAt) {
      const message = `the stream ends before message ${upTo}, which was stored: no replica that has it answers`;
      throw new JetStreamJournalError(journal, { problem: "unavailable", message });
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
    ahead = readBatch(from, next);
  }
  index.oldOpenings.delete(upTo);
}

/** With a callback, since the client's iterator leaves its subscription behind. */
async function readBatch({ manager, stream }: { manager: JetStreamManager; stream: string }, seq: number): Promise<readonly StoredMsg[]> {
  const messages: StoredMsg[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  await manager.direct.getBatch(stream, {
    seq,
    batch: batchMessages,
    max_bytes: batchBytes,
    callback: (done, message) => {
      if (done === null) messages.push(message);
      else if (done.err === undefined) resolve();
      else reject(done.err);
    },
  });
  await promise;
  return messages;
}

/** A replica that has nothing of it, or does not answer, is as good as one that answers with nothing. */
function emptyAnswer(journal: string, error: unknown): readonly StoredMsg[] {
  if (error instanceof Error && /no results|not found|timeout|no responders/i.test(error.message)) return [];
  throw toJournalError(journal, error);
}

/** Puts messages together to records, and records into the index. */
class RecordScan {
  readonly #journal: string;
  readonly #index: EntryIndex;
  #pieces: StoredMsg[] = [];

  constructor(journal: string, index: EntryIndex) {
    this.#journal = journal;
    this.#index = index;
  }

  take(message: StoredMsg): void {
    const piece = pieceOf(message.data);
    const isNext =
      piece !== undefined && piece.index > 0 && this.#pieces.length === piece.index && this.#pieces[0]!.seq + piece.index === message.seq;
    // Pieces of which the rest never came: their writer failed before it had stored all, or they are being removed.
    if (!isNext) this.#dropPieces();
    if (piece !== undefined && !isNext && piece.index > 0) {
      this.#index.garbage.add(makeBlock(message.seq, 1, message.data.byteLength));
      return;
    }
    this.#pieces.push(message);
    if (piece !== undefined && piece.index + 1 < piece.count) return;
    const messages = this.#pieces;
    this.#pieces = [];
    const bytes = joinPieces(messages.map(({ data }) => data));
    const { seq } = messages[0]!;
    const block = makeBlock(seq, messages.length, bytes.byteLength);
    applyRecord(this.#index, decodeRecord(this.#journal, bytes, `message ${seq}`), block);
  }

  #dropPieces(): void {
    for (const { seq, data } of this.#pieces) this.#index.garbage.add(makeBlock(seq, 1, data.byteLength));
    this.#pieces = [];
  }
}

function applyRecord(index: EntryIndex, record: StoredRecord, block: ReturnType<typeof makeBlock>): void {
  switch (record.type) {
    case "entries":
      index.add(
        record.entries.map((entry, at) => ({ entry, position: record.first + at, digest: digestOf(entry) })),
        block,
      );
      break;
    case "moved":
      index.move(record.entries, block);
      break;
    case "compaction":
      index.compact(record);
      index.replaceCompaction(block);
      break;
    case "opening":
      index.oldOpenings.add(block.first);
      break;
  }
}
