import type { Address, ReplyTo } from "@orgtree/core";
import type { Books, Pending } from "./books.ts";
import type { EffectKey } from "./effect-key.ts";

/** What was sent, or answered, from a place that was given up since. */
export interface Orphan {
  readonly from: Address;
  readonly key: EffectKey;
  readonly pending: Extract<Pending, { kind: "deliver" | "reply" }>;
}

/** How what a place owed is over: all was taken, or somebody lives there again. */
type PlaceEnd = (how: "settled" | "adopted") => void;

/** What places that were given up still owe: each is kept until all of it was taken. */
export class Orphans {
  readonly #places = new Map<Address, { readonly owed: Map<EffectKey, Orphan["pending"]>; readonly end: PlaceEnd }>();
  readonly #waiting = new Map<Address, () => void>();

  /** Calls `settled` when a place that is kept later owes nothing any more. */
  whenSettled(from: Address, settled: () => void): void {
    this.#waiting.set(from, settled);
  }

  /** Keeps a place; `end` is called when it owes nothing, perhaps at once, or somebody else does. Gives back what it owes. */
  keep(from: Address, books: Books | undefined, end: PlaceEnd): readonly Orphan[] {
    const owed = new Map<EffectKey, Orphan["pending"]>();
    for (const [key, pending] of Object.entries(books?.pending ?? {}))
      if (pending.kind === "deliver" || pending.kind === "reply") owed.set(key as EffectKey, pending);
    if (owed.size > 0) this.#places.set(from, { owed, end });
    else end("settled");
    return [...owed].map(([key, pending]) => ({ from, key, pending }));
  }

  /** What a place owes that was found and is not lived in; where it is kept already, it stays so. */
  keepFound(from: Address, books: Books): readonly Orphan[] {
    const kept = this.#places.get(from);
    if (kept === undefined) return this.keep(from, books, () => {});
    return [...kept.owed].map(([key, pending]) => ({ from, key, pending }));
  }

  /** What a place owes under a key. */
  owed(from: Address, key: EffectKey): Pending | undefined {
    return this.#places.get(from)?.owed.get(key);
  }

  /** Everything that is owed. */
  *all(): Iterable<Orphan> {
    for (const [from, { owed }] of this.#places) for (const [key, pending] of owed) yield { from, key, pending };
  }

  /** Somebody lives there again, and owes it now. */
  adopt(from: Address): void {
    const place = this.#places.get(from);
    if (place === undefined) return;
    this.#places.delete(from);
    place.end("adopted");
  }

  /** It was put back, and has not ended: whoever goes on there owes what was owed then. */
  putBack(from: Address): void {
    this.#places.delete(from);
  }

  /** It was taken. */
  acknowledge(from: Address, key: EffectKey): void {
    const place = this.#places.get(from);
    if (place === undefined || !place.owed.delete(key) || place.owed.size > 0) return;
    this.#places.delete(from);
    place.end("settled");
    this.#waiting.get(from)?.();
    this.#waiting.delete(from);
  }

  /** The answer to a question that comes again. */
  answerTo(from: Address, replyTo: ReplyTo): Orphan | undefined {
    for (const [key, pending] of this.#places.get(from)?.owed ?? [])
      if (pending.kind === "reply" && pending.to.askId === replyTo.askId) return { from, key, pending };
    return undefined;
  }
}
