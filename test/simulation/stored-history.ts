import { encode, type Address, type Entry } from "@orgtree/core";
import { lastMoment, readTurn, type EffectKey, type Moment } from "@orgtree/runtime";

/** A turn as it stands in the journal: what happened for good. */
export interface JournaledTurn {
  readonly address: Address;
  readonly seq: number;
  readonly position: number;
  readonly kind: "whole" | "part" | "end";
  readonly incarnation: number;
  /** Virtual time of day, milliseconds since 1970. */
  readonly atMs: number;
  /** What kind of thing it took: a message, a signal … */
  readonly took: string;
  readonly key: EffectKey | undefined;
  readonly cause: string;
  readonly from: Address | undefined;
  readonly message: unknown;
  readonly effects: readonly { readonly kind: string; readonly key: string; readonly detail: Readonly<Record<string, unknown>> }[];
  /** The version of the plan that it was made under. */
  readonly plan: number | undefined;
  /** Of a rollback: what is to be taken again, by its key. */
  readonly again: Readonly<Record<EffectKey, { readonly from: Address | undefined; readonly message: unknown }>>;
}

/** All that was stored, in order. */
export function readTurns(archive: readonly Entry[]): readonly JournaledTurn[] {
  return archive.map((entry) => {
    const { address, seq, position, kind } = entry;
    const place = { address, seq, position, kind };
    return kind === "end" ? { ...place, ...noTurn } : { ...place, ...turnOf(entry) };
  });
}

const noTurn = {
  incarnation: 0,
  atMs: 0,
  took: "end",
  key: undefined,
  cause: "end",
  from: undefined,
  message: undefined,
  effects: [],
  plan: undefined,
  again: {},
} as const;

function turnOf(entry: Entry): Omit<JournaledTurn, "address" | "seq" | "position" | "kind"> {
  const { incarnation, atMs, cause, effects, plan } = readTurn(entry);
  const { kind: took, key, type, from, message } = cause;
  return {
    incarnation,
    atMs,
    took,
    key,
    cause: type,
    from,
    message,
    plan,
    effects: effects as JournaledTurn["effects"],
    again: took === "rollback" ? againIn(lastMoment([entry])) : {},
  };
}

function againIn({ books }: Moment): JournaledTurn["again"] {
  const again = Object.entries(books.pending).flatMap(([key, each]) => (each.kind === "again" ? [[key, each] as const] : []));
  return Object.fromEntries(again);
}

/** Equal for equal data. */
export function sameText(value: unknown): string {
  return Buffer.from(encode(value)).toString("latin1");
}
