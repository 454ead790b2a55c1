import type { EntryKind } from "./journal.ts";

/** What compaction looks at. */
export interface EntryFacts {
  readonly position: number;
  readonly kind: EntryKind;
  readonly marked: boolean;
}

/**
 * Which entries of one actor nobody needs, as positions. `entries` are those of the actor up to the cut, in order.
 *
 * Kept are the image at the cut, each marked entry with the image as it was there, and an `end` behind anything that is kept:
 * without it the actor would be back. A part never stays without the entry before it, so that one that is missing is damage:
 * where a journal can tell, it says of what kind the first entry `behind` the cut is.
 */
export function decideRemovals(entries: readonly EntryFacts[], behind?: EntryKind): readonly number[] {
  const kept = new Set<number>();
  for (const [index, { marked }] of entries.entries()) {
    if (index < entries.length - 1 && !marked) continue;
    for (let at = firstNeeded(entries, index); at <= index; at++) kept.add(at);
  }
  keepEnds(entries, kept);
  if (behind === "part") kept.add(entries.length - 1);
  return entries.filter((_, index) => !kept.has(index)).map(({ position }) => position);
}

/** The first entry that is needed to view the one at `index`; behind it when nothing is, not even itself. */
function firstNeeded(entries: readonly EntryFacts[], index: number): number {
  if (entries[index]!.kind === "end") return entries[index]!.marked ? index : index + 1;
  let at = index;
  while (at > 0 && entries[at]!.kind === "part") at--;
  return at;
}

/** The newest `end` stays while something older does. */
function keepEnds(entries: readonly EntryFacts[], kept: Set<number>): void {
  const end = entries.findLastIndex(({ kind }) => kind === "end");
  if (end >= 0 && [...kept].some((index) => index < end)) kept.add(end);
}

/** Positions up to which compaction may go: before what is pinned, and not behind `keepAfter` or the end. */
export function decideCut(limits: {
  readonly keepAfter: number | undefined;
  readonly last: number;
  readonly pinned: number | undefined;
}): number {
  const { keepAfter = limits.last, last, pinned = Infinity } = limits;
  return Math.max(0, Math.min(keepAfter, last, pinned - 1));
}
