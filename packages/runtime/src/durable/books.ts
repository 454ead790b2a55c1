import type { Due } from "./due.ts";
import { noAmount, type Address, type Amount, type Exit, type Failure, type ReplyTo, type ToolKind } from "@orgtree/core";
import type { EffectKey } from "./effect-key.ts";

/**
 * The books of a durable actor: what it owes and is owed beside its state. They are stored with the state, in the same
 * record, so that after a crash the one is never ahead of the other. Plain data, changed by copying.
 */
export interface Books {
  /** What was begun and is not over, by the key under which it was begun. */
  readonly pending: Readonly<Record<EffectKey, Pending>>;
  /** The timers by name. */
  readonly timers: Readonly<Record<string, Due>>;
  /** The newest message taken from each sender whose messages are numbered; what is not newer is a duplicate. */
  readonly taken: Readonly<Record<Address, EffectKey>>;
  /** What came before it, was put aside, and is not taken yet. Left out where there is nothing of the kind. */
  readonly aside?: Readonly<Record<Address, readonly EffectKey[]>>;
  /** The questions that were taken and not answered yet, by their ids, and who asked. */
  readonly asked: Readonly<Record<string, ReplyTo>>;
  readonly watching: Readonly<Record<Address, true>>;
  readonly names: Readonly<Record<string, true>>;
  readonly groups: Readonly<Record<string, true>>;
  /** What this actor has spent by itself, in all its lives, and those below it that are gone. */
  readonly spent: Amount;
  /** The decision of its supervisor by which this life began: one that was decided later is another life. */
  readonly birth: number;
  /** It has asked for its end, with this. */
  readonly exit: Exit | undefined;
}

/** Something begun, and what a new life has to know to carry on with it. */
export type Pending =
  /** A message that is delivered once it is taken. */
  | { readonly kind: "deliver"; readonly to: Address; readonly message: unknown }
  /** A question that waits for its answer, until it is due; undefined for ever. */
  | {
      readonly kind: "ask";
      readonly to: Address;
      readonly message: unknown;
      readonly tag: string;
      readonly askId: number;
      readonly due: Due | undefined;
      /** It came before a rollback, and the actor is to be told again. */
      readonly result?: Answer | undefined;
    }
  /** A message that was taken before a rollback, for the first time in turn `origin`, and is to be taken again. */
  | { readonly kind: "again"; readonly from: Address | undefined; readonly message: unknown; readonly origin: number }
  /** An answer that the asker has not taken yet. */
  | { readonly kind: "reply"; readonly to: ReplyTo; readonly answer: Answer }
  /** Work that takes time. `name` finds it again; without a name it cannot be begun anew. */
  | {
      readonly kind: "work";
      readonly tag: string;
      readonly name: string | undefined;
      readonly input: unknown;
      readonly does: ToolKind;
      /** How often it was begun anew, after it was taken back. Default 1. */
      readonly attempt?: number;
      /** It ended, and the actor has not been told yet. */
      readonly result?: Answer | undefined;
      /** Somebody has looked: it came to the result, or, without one, was not done. */
      readonly told?: true;
    };

/** How something ended: with a value or with an error. */
export type Answer = { readonly value: unknown } | { readonly failure: Failure };

/** The books of an actor that has just begun. */
export const emptyBooks: Books = {
  pending: {},
  timers: {},
  taken: {},
  asked: {},
  watching: {},
  names: {},
  groups: {},
  spent: noAmount,
  birth: 0,
  exit: undefined,
};

/**
 * The books of a fresh life at the same place: what was sent, taken and spent stays, and what is to be taken again; what belonged to the
 * old life is gone.
 */
export function inheritBooks({ pending, taken, aside, spent }: Books, birth: number): Books {
  const kept = Object.entries(pending).filter(([, { kind }]) => kind === "deliver" || kind === "reply" || kind === "again");
  return {
    ...emptyBooks,
    pending: Object.fromEntries(kept) as Books["pending"],
    taken,
    ...(aside === undefined ? {} : { aside }),
    spent,
    birth,
  };
}

/** The books of a place that was given up: what was to be taken again was lost with its mailbox. */
export function withoutMailbox(books: Books | undefined): Books | undefined {
  if (books === undefined) return undefined;
  const lost = Object.entries(books.pending).flatMap(([key, { kind }]) => (kind === "again" ? [key as EffectKey] : []));
  const pending = without(books.pending, lost);
  return pending === books.pending ? books : { ...books, pending };
}

/** The record without some of its keys; itself when it has none of them. */
export function without<K extends string, V>(record: Readonly<Record<K, V>>, keys: Iterable<K>): Readonly<Record<K, V>> {
  let copy: Record<K, V> | undefined;
  for (const key of keys) {
    if (!Object.hasOwn(copy ?? record, key)) continue;
    copy ??= { ...record };
    delete copy[key];
  }
  return copy ?? record;
}

/** The record with one more entry. */
export function withEntry<K extends string, V>(record: Readonly<Record<K, V>>, key: K, value: V): Readonly<Record<K, V>> {
  return { ...record, [key]: value };
}
