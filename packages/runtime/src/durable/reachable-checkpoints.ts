import { parentAddress, rootAddress, type Address, type JournalReader } from "@orgtree/core";
import { readTurn, type PastTurn } from "./past-turn.ts";
import { isUndone, readUndone } from "./rollback-cut.ts";

/** A checkpoint to which somebody may be rolled back. */
export interface ReachableCheckpoint {
  readonly address: Address;
  readonly seq: number;
  readonly name: string;
  /** All that is behind it is needed to go back to it, and the images as they were there: `compact({ keepAfter: position })` leaves both. */
  readonly position: number;
}

/**
 * The checkpoints that rollbacks go to: the newest of each name of each actor that is there, and the newest at or below each of them; at the
 * top of the tree also of who was there last. Those that a rollback has undone are none any more, nor are those that compaction has gone past. Oldest first.
 *
 * Rejects with `JournalError` where something is damaged, `UnreadableTurnError`.
 */
export async function reachableCheckpoints(journal: JournalReader): Promise<readonly ReachableCheckpoint[]> {
  const found = new CheckpointSearch(journal);
  for await (const entry of journal.read()) {
    if (entry.kind === "end") {
      found.end(entry.address);
      continue;
    }
    const { address, seq, position, mark } = entry;
    found.live(address, position);
    if (mark !== undefined) found.add({ address, seq, position, name: mark });
    if (entry.kind === "whole") await found.takeRollback(readTurn(entry));
  }
  const horizon = await journal.horizon();
  return found.reachable().filter(({ position }) => position >= horizon);
}

class CheckpointSearch {
  readonly #journal: JournalReader;
  readonly #living = new Set<Address>();
  readonly #ended = new Set<Address>();
  /** Where those began to live who have come to a place that was given up before: they are somebody else. */
  readonly #beginnings = new Map<Address, number>();
  #checkpoints: ReachableCheckpoint[] = [];

  constructor(journal: JournalReader) {
    this.#journal = journal;
  }

  live(address: Address, position: number): void {
    if (this.#ended.delete(address)) this.#beginnings.set(address, position);
    this.#living.add(address);
  }

  end(address: Address): void {
    this.#ended.add(address);
    // The root starts whom it is told to; another supervisor only knows who is there.
    if (parentAddress(address) !== rootAddress) this.#living.delete(address);
  }

  add(checkpoint: ReachableCheckpoint): void {
    this.#checkpoints.push(checkpoint);
  }

  /** What came between its cut and itself is undone. */
  async takeRollback(turn: PastTurn): Promise<void> {
    if (turn.cause.kind !== "rollback") return;
    const undone = await readUndone(this.#journal, turn);
    this.#checkpoints = this.#checkpoints.filter((each) => !isUndone(each, undone));
  }

  reachable(): readonly ReachableCheckpoint[] {
    const newest = new Map<string, ReachableCheckpoint>();
    for (const checkpoint of this.#checkpoints) {
      const { address, name } = checkpoint;
      if (this.#isReached(address, checkpoint)) newest.set(JSON.stringify([address, name]), checkpoint);
      for (let top: Address | undefined = address; top !== undefined; top = parentAddress(top))
        if (this.#isReached(top, checkpoint)) newest.set(top, checkpoint);
    }
    return [...new Set(newest.values())].toSorted((a, b) => a.position - b.position);
  }

  /** By a rollback of `top`. */
  #isReached(top: Address, { position }: ReachableCheckpoint): boolean {
    return top !== rootAddress && this.#living.has(top) && position >= (this.#beginnings.get(top) ?? 0);
  }
}
