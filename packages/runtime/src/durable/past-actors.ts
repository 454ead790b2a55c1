import { idOf, isStoredSupervision, parentAddress, storedChild, type Address, type Entry, type JournalReader } from "@orgtree/core";
import { sizeOfState, viewMoment, type MomentView } from "./moment-view.ts";
import { lastMoment, readTurn, type Moment, type PastTurn } from "./past-turn.ts";

/** An actor of whom turns are in a journal. Plain data. */
export interface PastActor extends Pick<MomentView, "label"> {
  readonly address: Address;
  /** Undefined when nothing of its state is left. */
  readonly kind: MomentView["kind"] | undefined;
  /** Turns that are in the journal; those that were compacted are not. */
  readonly turns: number;
  /** The number of its newest turn. */
  readonly seq: number;
  readonly position: number;
  readonly atMs: number;
  readonly incarnation: number;
  /** Its place was given up for good. */
  readonly hasEnded: boolean;
  /** It does not live any more: it, or somebody above it, has come to its end, or was stopped. Of one that a crash has ended that is not so. */
  readonly isOver: boolean;
  /** Bytes of its state as a whole; undefined when it has ended. */
  readonly stateBytes: number | undefined;
}

/**
 * All actors of whom turns are in a journal, in the order of their addresses. Of those that compaction has removed nothing is told.
 *
 * Rejects with `UnreadableTurnError`, or with the journal's own error where an entry is damaged.
 */
export async function listPastActors(journal: JournalReader): Promise<readonly PastActor[]> {
  const counts = await countTurns(journal);
  const living = new Map<Address, Moment>();
  for await (const { address, entries } of journal.images()) {
    living.set(address, lastMoment(entries));
  }
  const actors: PastActor[] = [];
  for (const [address, { turns, seq }] of counts) {
    const moment = living.get(address);
    const newest = moment?.turn ?? (await turnAt(journal, address, seq));
    if (newest !== undefined) actors.push(describeActor(newest, { turns, moment, isOver: isOver(address, living) }));
  }
  return actors.sort((one, other) => (one.address < other.address ? -1 : 1));
}

/** Whether nobody above it has it running. */
function isOver(address: Address, living: ReadonlyMap<Address, Moment>): boolean {
  const moment = living.get(address);
  const parent = parentAddress(address);
  if (moment === undefined) return true;
  if (parent === undefined) return false;
  const state = living.get(parent)?.state;
  if (moment.books.exit !== undefined || !isStoredSupervision(state) || isOver(parent, living)) return true;
  const status = storedChild(state, idOf(address))?.status;
  return status === undefined || status === "stopped";
}

interface Count {
  turns: number;
  /** Of the newest turn. */
  seq: number;
}

async function countTurns(journal: JournalReader): Promise<ReadonlyMap<Address, Count>> {
  const counts = new Map<Address, Count>();
  for await (const { address, seq, kind } of journal.read()) {
    if (kind === "end") continue;
    const count = counts.get(address);
    if (count === undefined) counts.set(address, { turns: 1, seq });
    else {
      count.turns++;
      count.seq = seq;
    }
  }
  return counts;
}

/** Undefined when it was compacted meanwhile. */
async function turnAt(journal: JournalReader, address: Address, seq: number): Promise<PastTurn | undefined> {
  let found: Entry | undefined;
  for await (const entry of journal.read({ address, fromSeq: seq, toSeq: seq })) found = entry;
  return found === undefined ? undefined : readTurn(found);
}

function describeActor(
  { address, seq, position, atMs, incarnation }: PastTurn,
  { turns, moment, isOver: over }: { readonly turns: number; readonly moment: Moment | undefined; readonly isOver: boolean },
): PastActor {
  const view = moment === undefined ? undefined : viewMoment(moment);
  return {
    address,
    kind: view?.kind,
    label: view?.label,
    turns,
    seq,
    position,
    atMs,
    incarnation,
    hasEnded: moment === undefined,
    isOver: over,
    stateBytes: moment === undefined ? undefined : sizeOfState(moment),
  };
}
