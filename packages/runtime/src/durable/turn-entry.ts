import { decode, encode, legible, type Address, type Delta, type EffectRecord } from "@orgtree/core";
import type { EffectKey, FullKey } from "./effect-key.ts";
import type { Provenance } from "./provenance.ts";

/** What is known of one turn of one actor, beside who it was and what it led to. */
export interface TurnFacts {
  readonly incarnation: number;
  /** When it was computed, milliseconds since 1970: the one moment that all of the turn knows. */
  readonly atMs: number;
  readonly trace: string;
  readonly cause: Cause;
  /** What it did that left nothing open: tells, events for observers, action functions. For people; nothing follows from it. */
  readonly effects: readonly EffectRecord[];
  /** Which logic computed it: the hash of the machine, and the version that its author gave it. */
  readonly logic: LogicVersion | undefined;
  /** The version of the plan that the actor was part of. */
  readonly plan: number | undefined;
}

/** What one entry of the journal holds. */
export interface StoredTurn extends TurnFacts {
  /** The complete value, or what changed of the one before. */
  readonly change: { readonly whole: unknown } | { readonly delta: Delta | undefined };
}

/** What kind of thing a turn took: the initial step takes nothing, a supervisor decides, a rollback is no turn of the actor's own. */
export type StoredCauseKind = "init" | "message" | "signal" | "internal" | "decision" | "rollback";

/** What a turn was about. */
export interface Cause {
  readonly kind: StoredCauseKind;
  /** Of a message that has a number; of a signal: what it is about. */
  readonly key: EffectKey | undefined;
  /** The type of the message where it has one, else what kind of mail it was; `init` for the initial step. */
  readonly type: string;
  readonly from: Address | undefined;
  /** The message itself; an event of a machine's own children and timers. */
  readonly message: unknown;
  readonly via?: Provenance | undefined;
}

/** By which a new program knows whether it can go on with what an old one stored. */
export interface LogicVersion {
  readonly hash: string;
  readonly version: string | undefined;
}

/** The version of this layout. Entries of a newer one are refused. */
const layout = 1;

/** An entry was written by a newer program. */
export class LayoutError extends RangeError {
  override readonly name = "LayoutError";
}

/** The bytes of a turn. Throws `NotStorableError`, in whose message the turn is called `what`. */
export function encodeTurn({ incarnation, atMs, trace, cause, effects, change, logic, plan }: StoredTurn, what: string): Uint8Array {
  const { kind, key, type, from, message, via } = cause;
  const isWhole = "whole" in change;
  const turn = [
    layout,
    incarnation,
    atMs,
    trace,
    kind,
    key ?? null,
    type,
    from ?? null,
    message,
    effects.map(({ kind, key, detail }) => [kind, key, legible(detail)]),
    isWhole,
    isWhole ? change.whole : change.delta,
    logic === undefined ? null : [logic.hash, logic.version ?? null],
    plan ?? null,
    ...(via === undefined ? [] : [via]),
  ];
  return encode(turn, what);
}

type Layout = readonly [
  layout: number,
  incarnation: number,
  atMs: number,
  trace: string,
  kind: StoredCauseKind,
  key: EffectKey | null,
  type: string,
  from: Address | null,
  message: unknown,
  effects: readonly (readonly [kind: string, key: FullKey, detail: unknown])[],
  isWhole: boolean,
  change: unknown,
  logic: readonly [hash: string, version: string | null] | null,
  plan: number | null,
  via?: Provenance,
];

/** The turn behind the bytes. Throws `LayoutError` for a newer layout, `RangeError` when they are no turn. */
export function decodeTurn(bytes: Uint8Array): StoredTurn {
  const stored = decode(bytes);
  if (!Array.isArray(stored) || typeof stored[0] !== "number") throw new RangeError("these bytes are no turn of an actor");
  if (stored[0] > layout) throw new LayoutError(`this turn has layout ${stored[0]}; this program knows up to ${layout}`);
  const [, incarnation, atMs, trace, kind, key, type, from, message, effects, isWhole, change, logic, plan, via] =
    stored as unknown as Layout;
  return {
    incarnation,
    atMs,
    trace,
    cause: { kind, key: key ?? undefined, type, from: from ?? undefined, message, via },
    effects: effects.map(([kind, key, detail]) => ({ kind, key, detail })),
    change: isWhole ? { whole: change } : { delta: change as Delta | undefined },
    logic: logic === null ? undefined : { hash: logic[0], version: logic[1] ?? undefined },
    plan: plan ?? undefined,
  };
}
