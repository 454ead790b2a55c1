import type { EffectRecord } from "@orgtree/core";
import { bookTurn, type BookedTurn } from "../durable/bookkeeping.ts";
import { emptyBooks, inheritBooks, type Books } from "../durable/books.ts";
import { effectKey, fullKey } from "../durable/effect-key.ts";
import type { TurnRecord } from "../durable/turn-store.ts";
import type { Cell } from "./cell.ts";
import type { DescribedEffect } from "./effect.ts";
import type { Incarnation } from "./incarnation.ts";
import { traceText } from "./mail.ts";

/** What only whoever makes a record knows of it. */
export interface RecordParts extends Omit<TurnRecord, "address" | "seq" | "incarnation" | "trace" | "plan" | "effects"> {
  /** Undefined for what is not stored, and leaves a gap. */
  readonly effects: readonly (DescribedEffect | undefined)[];
}

/** The next record of an actor, with what was noted of it behind its own effects. */
export function makeRecord(life: Incarnation, parts: RecordParts): TurnRecord {
  const { cell, number: incarnation } = life;
  const { address, seq, planVersion: plan } = cell;
  const effects = [...parts.effects, ...cell.notes].flatMap((effect, at): EffectRecord[] =>
    effect === undefined ? [] : [{ kind: effect.kind, key: fullKey(address, effectKey(seq, at)), detail: effect.detail }],
  );
  return { ...parts, address, seq, incarnation, trace: traceText(life.trace()), plan, effects };
}

/** The books after the next record of an actor, which takes with it what was taken and spent meanwhile. */
export function nextBooks(
  cell: Cell,
  turn: Pick<BookedTurn, "mail" | "stash" | "effects" | "epochMs"> & { readonly isFirst: boolean },
): Books {
  const { books = emptyBooks, seq, birth } = cell;
  const { isFirst, ...booked } = turn;
  return bookTurn(isFirst ? inheritBooks(books, birth) : books, {
    ...booked,
    seq,
    acknowledged: cell.takeAcknowledged(),
    spent: cell.takeSpent(),
  });
}
