import type { JetStreamManager, StoredMsg } from "@nats-io/jetstream";
import { JournalError, JournalFencedError } from "@orgtree/core";
import { isMissing } from "./journal-problem.ts";
import type { StreamNames } from "./stream-settings.ts";

/** A message that was published, and of which it is not known whether it is stored. */
export interface SentMessage {
  readonly seq: number;
  readonly data: Uint8Array;
  /** A copy was published and never answered: it may still come to be stored. */
  isUnsure: boolean;
}

interface Place {
  readonly journal: string;
  readonly manager: JetStreamManager;
  readonly names: StreamNames;
  readonly epoch: number;
  readonly lookUp: (seq: number) => Promise<StoredMsg | undefined>;
}

/**
 * What the leader of a stream knows: the newest opening, the last message, and whether one of ours is somebody else's. Rejects when
 * nobody leads it, or the answers do not fit together; then it is to be asked again.
 */
export async function lookAtLeader(
  { manager, names, lookUp }: Place,
  sent: readonly SentMessage[],
): Promise<{ readonly opening: number; readonly last: number; readonly isForeign: boolean }> {
  const opening = await newestOpening(manager, names);
  const { state } = await manager.streams.info(names.stream);
  const stored = sent.findLast(({ seq }) => seq <= state.last_seq);
  if (stored === undefined) return { opening, last: state.last_seq, isForeign: false };
  const there = await lookUp(stored.seq);
  // While leaders change, one may answer that does not know yet what another has said.
  if (there === undefined) throw new Error(`message ${stored.seq} is stored, and who leads the stream does not have it yet`);
  return { opening, last: state.last_seq, isForeign: !isSame(there, stored) };
}

/** Sequence of the newest opening of a journal, as the leader knows it; 0 when there is none. */
async function newestOpening(manager: JetStreamManager, { stream, opening }: StreamNames): Promise<number> {
  try {
    return (await manager.streams.getMessage(stream, { last_by_subj: opening }))?.seq ?? 0;
  } catch (error) {
    if (isMissing(error)) return 0;
    throw error;
  }
}

/**
 * What became of messages when another writer has opened the journal: up to where they are stored, and what to say of the rest.
 * One that is not there and may have been, before the other compacted it away, is of unknown outcome.
 */
export async function fencedOutcome(
  { journal, epoch, lookUp }: Place,
  { messages, opening }: { readonly messages: readonly SentMessage[]; readonly opening: number },
): Promise<{ readonly storedUpTo: number; readonly error: JournalError; readonly after: JournalError }> {
  const after = new JournalFencedError(journal, { own: epoch, current: opening });
  let storedUpTo = 0;
  for (const message of messages) {
    if (message.seq >= opening) break;
    const there = await lookUp(message.seq);
    if (!isSame(there, message)) {
      const isUnknown = there === undefined && message.isUnsure;
      const problem = "another process has opened it for writing, and what became of this append is not known any more";
      return { storedUpTo, error: isUnknown ? new JournalError(journal, problem, { outcome: "unknown" }) : after, after };
    }
    storedUpTo = message.seq;
  }
  return { storedUpTo, error: after, after };
}

function isSame(there: StoredMsg | undefined, message: SentMessage): boolean {
  return there !== undefined && Buffer.compare(there.data, message.data) === 0;
}
