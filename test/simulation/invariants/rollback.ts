/** Rollbacks: to one cut, with all that came from outside, and without anything that was undone. */
import { childAddress, isWithin, type Address } from "@orgtree/core";
import { partsOfKey, type EffectKey } from "@orgtree/runtime";
import { isPutAside } from "../clerk.ts";
import { labelOf, type Facts } from "../facts.ts";
import { turnName } from "../history.ts";
import { isTakenAgain, isUndoneBy, isVoid, recordOf, type RollbackFact } from "../rollbacks.ts";
import { sameText, type JournaledTurn } from "../stored-history.ts";
import type { Invariant } from "./invariant.ts";

export const backToOneCut: Invariant = {
  name: "a rollback puts back all who lived at its cut, and nobody else",
  check({ turns, rollbacks }) {
    for (const { top, cut, position, records } of rollbacks) {
      const there = new Set<Address>();
      for (const turn of turns) {
        if (turn.position > cut || !isWithin(turn.address, top)) continue;
        if (turn.kind === "end") there.delete(turn.address);
        else there.add(turn.address);
      }
      const gone = new Set<Address>(); // They came later.
      for (const turn of turns) {
        if (turn.position >= position || !isWithin(turn.address, top) || there.has(turn.address)) continue;
        if (turn.kind === "end") gone.delete(turn.address);
        else gone.add(turn.address);
      }
      const behind = turns.filter((turn) => turn.kind === "end" && turn.position >= position + records.length);
      for (const address of gone) {
        const end = behind.find((turn) => turn.address === address);
        if (end === undefined || end.position >= position + records.length + gone.size)
          return `${top} went back at ${position} to ${cut}: ${address} came later, and is still there`;
      }
      const put = new Set(records.map(({ address }) => address));
      for (const address of [...there, ...put])
        if (!put.has(address) || !there.has(address))
          return `${top} went back at ${position} to ${cut}: ${address} lived then: ${there.has(address)}, went back: ${put.has(address)}`;
    }
    return undefined;
  },
};

export const undoneStaysUndone: Invariant = {
  name: "what a rollback has undone does not come back",
  check({ turns, rollbacks }) {
    for (const rollback of rollbacks) {
      const { top, position, cut } = rollback;
      const goneTo = turns.find((turn) => turn.position === cut)!;
      const earlier = rollbacks.filter((other) => other.position < position);
      if (earlier.some((other) => isUndoneBy(goneTo, other))) return `${top} went back to ${cut}, which an earlier rollback has undone`;
      const undone = new Set(turns.filter((turn) => isUndoneBy(turn, rollback)).map(turnName));
      for (const turn of turns) {
        const { from, key, took, address } = turn;
        if (turn.position < position || from === undefined || key === undefined || took !== "message" || !isWithin(address, top)) continue;
        if (isTakenAgain(turn, rollbacks)) continue;
        if (undone.has(turnName({ address: from, seq: partsOfKey(key)[0] })))
          return `${address} took ${nameOf(turn)} of ${from} in turn ${turn.seq}, the sending of which was undone by the rollback at ${position}`;
      }
    }
    return undefined;
  },
};

export const takenAgain: Invariant = {
  name: "what came from outside since the cut of a rollback is taken again, once and in order",
  check(facts) {
    for (const rollback of facts.rollbacks)
      for (const record of rollback.records) {
        const problem = checkRecord(facts, rollback, record);
        if (problem !== undefined) return `${record.address} after the rollback at ${record.position}: ${problem}`;
      }
    return undefined;
  },
};

export const nobodySendsHimselfBack: Invariant = {
  name: "nobody goes back who asked for it himself",
  check({ turns }) {
    for (const { cause, from, address, seq, message, effects } of turns) {
      if (cause !== "rollback-child" || from === undefined) continue;
      const child = childAddress(address, (message as { readonly id: string }).id);
      const isRefused = effects.every(({ kind }) => kind === "reply");
      if (isWithin(from, child) && !isRefused) return `${address} let ${from} put ${child} back in turn ${seq}`;
    }
    return undefined;
  },
};

/** What a record says is to come again, against what came since the cut; then what came again, against what it says. */
function checkRecord(facts: Facts, rollback: RollbackFact, record: JournaledTurn): string | undefined {
  const { turnsOf, rollbacks } = facts;
  const own = turnsOf.get(record.address)!;
  const since = own.filter(({ position }) => position > rollback.cut && position < rollback.position);
  const end = since.findIndex(({ kind }) => kind === "end");
  const lived = end < 0 ? since : since.slice(0, end);
  const earlier = rollbacks.filter(({ position }) => position < rollback.position);
  const outside = lived.filter(
    (turn) =>
      turn.took === "message" && (turn.from === undefined || !isWithin(turn.from, rollback.top)) && !isVoid(turn, turn.from, earlier),
  );
  const failed = new Set(outside.filter(({ effects }) => effects.some(({ kind }) => kind === "dead-letter")).map(nameOf));
  const firsts = outside.filter((turn) => !isTakenAgain(turn, rollbacks) && !failed.has(nameOf(turn))).map(nameOf);
  const promised = freshKeys(record)
    .map((key) => nameOf(record.again[key]!))
    .filter((name) => !failed.has(name));
  if (sameText(promised) !== sameText(firsts)) return `${firsts.join(", ")} came from outside, ${promised.join(", ")} is to come again`;
  return checkTaken(facts, record, own);
}

function checkTaken({ rollbacks, reports }: Facts, record: JournaledTurn, own: readonly JournaledTurn[]): string | undefined {
  const after = own.filter(({ position }) => position > record.position);
  const next = after.findIndex(({ took, cause }) => took === "rollback" || took === "end" || cause === "init");
  const life = next < 0 ? after : after.slice(0, next);
  const taken = life.filter((turn) => isTakenAgain(turn, rollbacks) && recordOf(turn, rollbacks) === record).map(({ key }) => key!);
  const keys = freshKeys(record);
  for (const some of inOneOrder(record, own)) {
    const came = taken.filter(some);
    if (sameText(came) !== sameText(keys.filter(some).slice(0, came.length)))
      return `${keys.join(", ")} is to come again, ${taken.join(", ")} did`;
  }
  const isStillThere = next < 0 && reports.get(record.address) !== undefined;
  return isStillThere && taken.length < keys.length ? `of ${keys.join(", ")} only ${taken.join(", ") || "nothing"} came again` : undefined;
}

/** Whoever holds some back takes those later than what came behind them: each sort keeps its order. */
function inOneOrder({ again }: JournaledTurn, own: readonly JournaledTurn[]): readonly ((key: EffectKey) => boolean)[] {
  if (!own.some(({ message }) => labelOf(message).type === "hold")) return [() => true];
  const isAside = (key: EffectKey): boolean => isPutAside(labelOf(again[key]!.message).id);
  return [isAside, (key) => !isAside(key)];
}

/** What the rollback itself says is to come again, not an earlier one. */
function freshKeys({ seq, again }: JournaledTurn): readonly EffectKey[] {
  return (Object.keys(again) as EffectKey[]).filter((key) => partsOfKey(key)[0] === seq);
}

function nameOf({ from, message }: Pick<JournaledTurn, "from" | "message">): string {
  const { type, id } = labelOf(message);
  return `${type} ${id}${from === undefined ? "" : ` from ${from}`}`;
}
