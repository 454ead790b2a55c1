import { decode, encode, type Address, type Entry } from "@orgtree/core";
import type { EffectKey } from "@orgtree/runtime";

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

/** All that was stored, in order. The layout is that of `turn-entry.ts` in the runtime. */
export function readTurns(archive: readonly Entry[]): readonly JournaledTurn[] {
  return archive.map(({ address, seq, position, kind, data }) => {
    const place = { address, seq, position, kind };
    return kind === "end" ? { ...place, ...noTurn } : { ...place, ...turnOf(decode(data) as readonly unknown[]) };
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

function turnOf(fields: readonly unknown[]): Omit<JournaledTurn, "address" | "seq" | "position" | "kind"> {
  const [, incarnation, atMs, , took, key, cause, from, message, effects, , change, , plan] = fields;
  return {
    incarnation: incarnation as number,
    atMs: atMs as number,
    took: took as string,
    key: (key as EffectKey | null) ?? undefined,
    cause: cause as string,
    from: (from as Address | null) ?? undefined,
    message,
    effects: (effects as readonly [string, string, Record<string, unknown>][]).map(([kind, key, detail]) => ({ kind, key, detail })),
    plan: (plan as number | null) ?? undefined,
    again: took === "rollback" ? againIn(change) : {},
  };
}

function againIn(whole: unknown): JournaledTurn["again"] {
  const { pending } = (whole as { books: { pending: Record<string, { kind: string; from?: Address | null; message: unknown }> } }).books;
  const again = Object.entries(pending).filter(([, { kind }]) => kind === "again");
  return Object.fromEntries(again.map(([key, { from, message }]) => [key, { from: from ?? undefined, message }]));
}

/** Equal for equal data. */
export function sameText(value: unknown): string {
  return Buffer.from(encode(value)).toString("latin1");
}
