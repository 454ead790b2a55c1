import { encode, isWithin, type Address } from "@orgtree/core";
import type { Books, Pending } from "./books.ts";
import type { EffectKey } from "./effect-key.ts";
import type { Moment, PastTurn } from "./past-turn.ts";
import type { Undone } from "./rollback-cut.ts";

/** A message from outside that is to be taken again. */
export type Redelivery = Extract<Pending, { kind: "again" }>;

/** What an actor did since a cut, up to the end of its place where that came in between. */
export interface LaterPast {
  turns: PastTurn[];
  /** What earlier rollbacks have put before it, by their keys. */
  readonly again: Map<EffectKey, Redelivery>;
  /** Where the place was given up since: who lived there later was somebody else. None where a rollback has undone that. */
  endedAt: number | undefined;
}

/** One more turn since the cut. */
export function noteLater(past: LaterPast, turn: PastTurn): void {
  if (past.endedAt === undefined) past.turns.push(turn);
}

/**
 * An earlier rollback since the cut. What it brought again is known by its first time; what those sent who went back as well never
 * happened, and is not to come again.
 */
export function noteRollback(past: LaterPast, { turn, books }: Moment, undone: Undone): void {
  if (past.endedAt !== undefined && past.endedAt < undone.after) return;
  past.endedAt = undefined;
  const isVoid = ({ position, cause }: PastTurn): boolean =>
    position > undone.after && cause.kind === "message" && cause.from !== undefined && isWithin(cause.from, undone.top);
  past.turns = [...past.turns.filter((earlier) => !isVoid(earlier)), turn];
  for (const [key, each] of redeliveriesIn(books)) past.again.set(key, each);
}

/**
 * The messages from outside that an actor has taken since a cut, and those that it was to take again. Each once, however often it
 * was taken: what an earlier rollback has brought again is known by its first time. What an actor failed at is not wanted again.
 */
export function messagesFromOutside(
  { turns, again }: LaterPast,
  around: { readonly atCut: Moment; readonly now: Books; readonly isInside: (address: Address | undefined) => boolean },
): readonly Redelivery[] {
  const { atCut, now, isInside } = around;
  const earlier = new Map([...redeliveriesIn(atCut.books), ...again]);
  const found = new Map<number, Redelivery>();
  const failed = new Set<number>();
  for (const { seq, cause, effects } of turns) {
    if (cause.kind !== "message" || isInside(cause.from)) continue;
    const { key, from, message } = cause;
    const known = key === undefined ? undefined : earlier.get(key);
    const origin = known !== undefined && isSame(known, { from, message }) ? known.origin : seq;
    if (effects.some(({ kind }) => kind === "dead-letter")) failed.add(origin);
    else if (!found.has(origin)) found.set(origin, { kind: "again", from, message, origin });
  }
  for (const [, each] of redeliveriesIn(now)) if (!isInside(each.from) && !found.has(each.origin)) found.set(each.origin, each);
  return [...found.values()]
    .filter(({ origin }) => origin > atCut.turn.seq && !failed.has(origin))
    .sort((one, other) => one.origin - other.origin);
}

function redeliveriesIn({ pending }: Books): [EffectKey, Redelivery][] {
  return (Object.entries(pending) as [EffectKey, Pending][]).filter((entry): entry is [EffectKey, Redelivery] => entry[1].kind === "again");
}

/** The keys of senders may look like those of the recipient. */
function isSame(one: Pick<Redelivery, "from" | "message">, other: Pick<Redelivery, "from" | "message">): boolean {
  return one.from === other.from && Buffer.compare(encode(one.message), encode(other.message)) === 0;
}
