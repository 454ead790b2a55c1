import { decode, type Address } from "@orgtree/core";
import { MemoryJournal, type MemoryFile } from "@orgtree/journal";

/** A turn as it stands in the journal: what happened for good. */
export interface JournaledTurn {
  readonly address: Address;
  readonly seq: number;
  readonly position: number;
  readonly kind: "whole" | "part" | "end";
  readonly incarnation: number;
  /** Virtual time of day, milliseconds since 1970. */
  readonly atMs: number;
  readonly cause: string;
  readonly from: Address | undefined;
  readonly message: unknown;
  readonly effects: readonly { readonly kind: string; readonly key: string; readonly detail: Readonly<Record<string, unknown>> }[];
}

/** Everything that is stored in a file, in order. The layout is that of `turn-entry.ts` in the runtime. */
export async function readTurns(file: MemoryFile): Promise<readonly JournaledTurn[]> {
  const turns: JournaledTurn[] = [];
  for await (const { address, seq, position, kind, data } of new MemoryJournal(file).read()) {
    const place = { address, seq, position, kind };
    turns.push(kind === "end" ? { ...place, ...noTurn } : { ...place, ...turnOf(decode(data) as readonly unknown[]) });
  }
  return turns;
}

const noTurn = { incarnation: 0, atMs: 0, cause: "end", from: undefined, message: undefined, effects: [] } as const;

function turnOf(fields: readonly unknown[]): Omit<JournaledTurn, "address" | "seq" | "position" | "kind"> {
  const [, incarnation, atMs, , , , cause, from, message, effects] = fields;
  return {
    incarnation: incarnation as number,
    atMs: atMs as number,
    cause: cause as string,
    from: (from as Address | null) ?? undefined,
    message,
    effects: (effects as readonly [string, string, Record<string, unknown>][]).map(([kind, key, detail]) => ({ kind, key, detail })),
  };
}
