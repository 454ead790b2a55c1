import { Timeline, type Address, type JournalReader, type Moment, type PlaceEnd } from "orgtree";
import type { RollbackCause } from "./cause-text.ts";

/** Turns that a rollback has undone since: their numbers, with that of the turn that says so. */
export async function undoneTurns(
  { journal, address }: { readonly journal: JournalReader; readonly address: Address },
  moments: readonly (Moment | PlaceEnd)[],
): Promise<ReadonlyMap<number, number>> {
  const undone = new Map<number, number>();
  const [first] = moments;
  if (first === undefined) return undone;
  const shown = moments.flatMap((moment) => (moment.kind === "turn" ? [moment.turn] : []));
  for await (const { cause, seq, position } of new Timeline(journal, address).turns({
    fromSeq: first.kind === "turn" ? first.turn.seq : first.seq,
  })) {
    if (cause.kind !== "rollback") continue;
    const after = await positionOf(journal, (cause.message as RollbackCause).to);
    for (const turn of shown) if (turn.position > after && turn.position < position && !undone.has(turn.seq)) undone.set(turn.seq, seq);
  }
  return undone;
}

/** Where compaction has removed it, all that is left came behind it. */
async function positionOf(journal: JournalReader, { address, seq }: RollbackCause["to"]): Promise<number> {
  for await (const { position } of journal.read({ address, fromSeq: seq, toSeq: seq })) return position;
  return -1;
}
