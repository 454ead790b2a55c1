import type { Address } from "@orgtree/core";
import { isRedelivered, type Mail } from "../actor/mail.ts";
import { withEntry, without, type Books } from "./books.ts";
import { isLater, type EffectKey } from "./effect-key.ts";

/** By which an actor knows a duplicate: the newest message taken from each sender, and what came before it and was put aside. */
type Marks = Pick<Books, "taken" | "aside">;

/** True for a message of `from` that was taken already. */
export function wasTaken({ taken, aside }: Marks, from: Address, key: EffectKey): boolean {
  return !isLater(key, taken[from]) && aside?.[from]?.includes(key) !== true;
}

/** The books when a message is taken, while others wait in the stash: of its sender's they are no duplicates when they come back. */
export function markTaken(books: Books, { from, key }: { readonly from: Address; readonly key: EffectKey }, stash: readonly Mail[]): Books {
  const { taken, aside = nothing } = books;
  const waiting = aside[from] ?? none;
  if (!isLater(key, taken[from])) {
    const left = waiting.filter((each) => each !== key);
    return withAside(books, left.length > 0 ? withEntry(aside, from, left) : without(aside, [from]));
  }
  const marked = { ...books, taken: withEntry(taken, from, key) };
  const passed = stash.flatMap((mail) => (isPassed(mail, { from, key, taken }) ? [mail.key!] : []));
  return passed.length === 0 ? marked : withAside(marked, withEntry(aside, from, [...waiting, ...passed]));
}

function isPassed(
  mail: Mail,
  { from, key, taken }: { readonly from: Address; readonly key: EffectKey; readonly taken: Books["taken"] },
): boolean {
  if (mail.kind !== "message" || mail.from !== from || mail.key === undefined || isRedelivered(mail)) return false;
  return isLater(mail.key, taken[from]) && isLater(key, mail.key);
}

function withAside(books: Books, aside: NonNullable<Books["aside"]>): Books {
  const { aside: _before, ...others } = books;
  return Object.keys(aside).length === 0 ? others : { ...others, aside };
}

const none: readonly EffectKey[] = [];
const nothing: NonNullable<Books["aside"]> = {};
