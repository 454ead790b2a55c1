import { isWithin, type Address, type Amount } from "@orgtree/core";
import { emptyBooks, type Answer, type Books, type Pending } from "./books.ts";
import { effectKey, type EffectKey } from "./effect-key.ts";
import type { PastTurn } from "./past-turn.ts";
import type { Redelivery } from "./redelivery.ts";

/** What the books of an actor are made of that goes back. */
export interface BooksToRollBack {
  /** The subtree that goes back, all of it to the same cut. */
  readonly top: Address;
  readonly atCut: Books;
  readonly now: Books;
  /** The turns of this actor since the cut. */
  readonly later: readonly PastTurn[];
  /** What it has taken from outside since. */
  readonly again: readonly Redelivery[];
  /** The number of the record that these books are stored with. */
  readonly seq: number;
  readonly birth: number;
  readonly spent: Amount;
}

/**
 * The books of an actor that goes back to a cut: what it owed and waited for then, less what is known of it since.
 *
 * What was taken from outside stays taken, and is delivered again by the runtime itself. What was exchanged inside the subtree
 * since never happened. What was sent outside stands. A result that has come since is not computed again.
 */
export function rollBackBooks(parts: BooksToRollBack): Books {
  const { atCut, now, top, birth, spent } = parts;
  const isInside = (address: Address | undefined): boolean => address !== undefined && isWithin(address, top);
  /** Of those inside as it was, of the others as it is. */
  const mixed = <V>(was: Readonly<Record<Address, V>> = {}, is: Readonly<Record<Address, V>> = {}): Readonly<Record<Address, V>> =>
    Object.fromEntries([
      ...entriesOf(was).filter(([from]) => isInside(from)),
      ...entriesOf(is).filter(([from]) => !isInside(from)),
    ]) as Record<Address, V>;
  const { aside: _before, ...past } = atCut;
  const aside = mixed(atCut.aside, now.aside);
  const marks = { taken: mixed(atCut.taken, now.taken), ...(Object.keys(aside).length === 0 ? {} : { aside }) };
  return { ...emptyBooks, ...past, ...marks, pending: pendingAfter(parts, isInside), exit: undefined, birth, spent };
}

function pendingAfter(parts: BooksToRollBack, isInside: (address: Address | undefined) => boolean): Books["pending"] {
  const { atCut, now, later, again, seq } = parts;
  const results = resultsOf(later);
  const pending: Record<EffectKey, Pending> = {};
  for (const [key, each] of entriesOf(atCut.pending)) {
    const result = results.get(key);
    pending[key] = result !== undefined && (each.kind === "work" || each.kind === "ask") ? { ...each, result } : each;
  }
  // Sent since, and not there yet: it is on its way.
  for (const [key, each] of entriesOf(now.pending)) if (each.kind === "deliver" && !isInside(each.to)) pending[key] ??= each;
  for (const [at, each] of again.entries()) pending[effectKey(seq, at)] = each;
  return pending;
}

/** How work and questions ended, by their keys, as later turns have heard it. */
function resultsOf(later: readonly PastTurn[]): ReadonlyMap<EffectKey, Answer> {
  const results = new Map<EffectKey, Answer>();
  for (const { cause } of later) {
    if (cause.kind !== "signal" || cause.key === undefined) continue;
    const signal = cause.message as { readonly type: string; readonly output?: unknown; readonly value?: unknown };
    if (signal.type === "orgtree.done") results.set(cause.key, { value: signal.output });
    if (signal.type === "orgtree.reply") results.set(cause.key, { value: signal.value });
  }
  return results;
}

function entriesOf<K extends string, V>(record: Readonly<Record<K, V>>): [K, V][] {
  return Object.entries(record) as [K, V][];
}
