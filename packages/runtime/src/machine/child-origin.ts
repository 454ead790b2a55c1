import type { ToolKind } from "@orgtree/core";
import type { ChildActor } from "./child-actor.ts";
import type { Incarnation } from "../actor/incarnation.ts";
import type { Trace } from "../actor/mail.ts";
import { keyBelow, undeclaredKey, type FullKey } from "../durable/effect-key.ts";

/** Where a child comes from: the effect that starts it, and the trace of the turn that did. */
export interface Origin {
  readonly key: FullKey;
  readonly trace: Trace | undefined;
  /** What work it does, where that is declared. */
  readonly does?: ToolKind;
  /** What it does in words, for whoever has only the journal; where the definition has words of its own and it may not simply begin again. */
  readonly what?: string;
  /** How often its work was begun, those times not counted that go on from each other. Default 1. */
  readonly attempt?: number;
  /** What somebody who has looked says of this attempt. */
  readonly told?: { readonly value: unknown } | "not-done";
}

const origins = new WeakMap<ChildActor, Origin>();
/** Children whose work is to be taken back when it begins. */
export const undoing = new WeakSet<ChildActor>();
/** Children whose work was not done, as somebody says: it is begun as another attempt. */
export const repeating = new WeakSet<ChildActor>();
/** Children whose result is known from before their process ended: they are not begun again. */
export const answered = new WeakSet<ChildActor>();
const counts = new WeakMap<object, number>();

/** The start of a child is the effect of a turn that is collected next. */
export function noteOrigin(child: ChildActor, life: Incarnation): void {
  origins.set(child, { key: life.turn.nextKey(), trace: life.trace() });
}

/** The effect that started a child, and what it belongs to. */
export function originOf(child: ChildActor): Origin | undefined {
  return origins.get(child);
}

/** A child that is there again goes on under the key under which it began. */
export function restoreOrigin(child: ChildActor, stored: Omit<Origin, "trace">): void {
  origins.set(child, { ...stored, trace: undefined });
}

/** What the work of a child does was decided. */
export function noteWork(child: ChildActor, work: Pick<Origin, "does" | "what">): void {
  origins.set(child, { ...origins.get(child)!, ...work });
}

/** The work of a child begins once more, and is other work than before. */
export function noteAttempt(child: ChildActor): void {
  const { told: _told, ...origin } = origins.get(child)!;
  origins.set(child, { ...origin, attempt: attemptOf(child) + 1 });
}

/** How often the work of a child was begun anew. */
export function attemptOf(child: ChildActor): number {
  return origins.get(child)?.attempt ?? 1;
}

/** The trace to which what the child sends belongs. */
export function traceOf(child: ChildActor): Trace | undefined {
  return origins.get(child)?.trace;
}

/** The key of work that a child does: that of the effect which started it, or, further down, one made from it. */
export function keyOfWork(child: ChildActor): FullKey {
  const own = origins.get(child);
  if (own !== undefined) return own.key;
  const parent = child._parent;
  const count = (counts.get(parent) ?? 0) + 1;
  counts.set(parent, count);
  const key = keyBelow("host" in parent ? undeclared(parent.host.life) : keyOfWork(parent), count);
  origins.set(child, { key, trace: undefined });
  return key;
}

/** For children that an action function made itself, past all effects. */
function undeclared({ cell }: Incarnation): FullKey {
  return undeclaredKey(cell.address, cell.kernel.nextNumber());
}
