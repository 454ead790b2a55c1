import { isWithin, type Address } from "@orgtree/core";
import { sameText, type JournaledTurn } from "./stored-history.ts";

/** A rollback as it stands in the journal: the records of all who went back, one behind the other. */
export interface RollbackFact {
  readonly top: Address;
  /** The turn that was gone back to. */
  readonly to: { readonly address: Address; readonly seq: number };
  readonly cut: number;
  readonly position: number;
  readonly records: readonly JournaledTurn[];
}

/** The rollbacks of a run, in order. */
export function rollbacksIn(turns: readonly JournaledTurn[]): readonly RollbackFact[] {
  const found: (RollbackFact & { records: JournaledTurn[] })[] = [];
  for (const turn of turns) {
    if (turn.took !== "rollback") continue;
    const { top, to } = turn.message as Pick<RollbackFact, "top" | "to">;
    const last = found.at(-1);
    if (last?.top === top && last.position + last.records.length === turn.position) {
      last.records.push(turn);
      continue;
    }
    const cut = turns.find(({ address, seq, kind }) => kind !== "end" && address === to.address && seq === to.seq)!.position;
    found.push({ top, to, cut, position: turn.position, records: [turn] });
  }
  return found;
}

/** True when a turn was made since the cut of a rollback by somebody who went back, or is gone with it. */
export function isUndoneBy({ address, position }: Pick<JournaledTurn, "address" | "position">, rollback: RollbackFact): boolean {
  return position > rollback.cut && position < rollback.position && isWithin(address, rollback.top);
}

/** What is between an actor and another was never sent, or never taken: both are where it was undone. */
export function isVoid(turn: JournaledTurn, other: Address | undefined, rollbacks: readonly RollbackFact[]): boolean {
  return other !== undefined && rollbacks.some((rollback) => isWithin(other, rollback.top) && isUndoneBy(turn, rollback));
}

/**
 * The turns of one actor that count: without those that were undone. Rollbacks themselves are among them. One that goes back to
 * a moment before another has undone that too.
 */
export function timelineOf(turns: readonly JournaledTurn[], rollbacks: readonly RollbackFact[]): readonly JournaledTurn[] {
  const last = turns.findLastIndex(({ took }) => took === "rollback");
  const rollback = rollbacks.find(({ records }) => records.includes(turns[last]!));
  if (rollback === undefined) return turns;
  const before = turns.filter(({ position }) => position <= rollback.cut);
  return [...timelineOf(before, rollbacks), ...turns.slice(last)];
}

/** True for a message that came again after a rollback, and not because somebody sent it. */
export function isTakenAgain(turn: JournaledTurn, rollbacks: readonly RollbackFact[]): boolean {
  return turn.took === "message" && turn.key !== undefined && recordOf(turn, rollbacks) !== undefined;
}

/** The record of the rollback after which a message came again. */
export function recordOf(turn: JournaledTurn, rollbacks: readonly RollbackFact[]): JournaledTurn | undefined {
  const { key } = turn;
  if (key === undefined) return undefined;
  for (const { records, position } of rollbacks) {
    if (position > turn.position) break;
    for (const record of records) {
      const again = record.address === turn.address ? record.again[key] : undefined;
      if (again !== undefined && again.from === turn.from && sameText(again.message) === sameText(turn.message)) return record;
    }
  }
  return undefined;
}
