/**
 * The keys by which effects are known, in the books, in the journal and outside. Nobody else knows how they are made up:
 *
 *     3f8b77fba1054e35 /till/payer #6.1 .2 /2 /undo
 *
 *   - the run of the journal: only in keys that are sent outward, and empty where nothing survives the process,
 *   - the address of the actor,
 *   - the number of its turn, and the place among the effects of the turn, which is all that the actor itself needs,
 *   - the number of a child further down that the effect led to, level by level,
 *   - the attempt, from the second one on: work that was taken back is other work, which nobody may take for the one before,
 *   - `undo`, where it is taken back.
 */
import type { Address } from "@orgtree/core";

/** The key of an effect within its actor: the number of the turn and the place in it, such as `12.0`. */
export type EffectKey = `${number}.${number}`;

/** The key of an effect within its run, with all that comes behind: `/till/payer#6.1`. */
export type FullKey = `${Address}#${string}`;

/** The key of an effect of turn `seq`. */
export function effectKey(seq: number, at: number): EffectKey {
  return `${seq}.${at}`;
}

/** The number of the turn, and the place in it. */
export function partsOfKey(key: EffectKey): readonly [seq: number, at: number] {
  const dot = key.indexOf(".");
  return [Number(key.slice(0, dot)), Number(key.slice(dot + 1))];
}

/** True when `key` was made after `than`. */
export function isLater(key: EffectKey, than: EffectKey | undefined): boolean {
  if (than === undefined) return true;
  const [seq, at] = partsOfKey(key);
  const [thanSeq, thanAt] = partsOfKey(than);
  return seq > thanSeq || (seq === thanSeq && at > thanAt);
}

/** The key of an effect of an actor, by what it is known by there. */
export function fullKey(address: Address, inner: string): FullKey {
  return `${address}#${inner}`;
}

/** The key of work of a machine that is no effect of a turn: `number` is like no other of its process. */
export function undeclaredKey(address: Address, number: number): FullKey {
  return `${address}#undeclared-${number}`;
}

/** The key of what an effect led to one level further down. */
export function keyBelow(key: FullKey, number: number): FullKey {
  return `${key}.${number}`;
}

/** The key of the attempt, counted from 1. */
export function attemptKey(key: FullKey, attempt: number): FullKey {
  return attempt === 1 ? key : `${key}/${attempt}`;
}

/** The key as the world outside knows it: that of another run is another effect. */
export function outwardKey(run: string, key: FullKey): string {
  return `${run}${key}`;
}

/** The key under which work is taken back. */
export function undoKey(outward: string): string {
  return `${outward}/undo`;
}

/** Whose effect it is, and what the actor itself knows it by. */
export function splitKey(key: FullKey): { readonly address: Address; readonly inner: string } {
  const hash = key.lastIndexOf("#");
  return { address: key.slice(0, hash) as Address, inner: key.slice(hash + 1) };
}

/** A key that was sent outward, without the run; undefined where it is none. */
export function parseOutward(outward: string): { readonly run: string; readonly key: FullKey } | undefined {
  const slash = outward.indexOf("/");
  if (slash === -1 || outward.lastIndexOf("#") < slash) return undefined;
  return { run: outward.slice(0, slash), key: outward.slice(slash) as FullKey };
}

/** The turn of which an effect is that is known outside; undefined where the key is none. */
export function turnOfKey(outward: string): { readonly address: Address; readonly seq: number } | undefined {
  const parsed = parseOutward(outward);
  if (parsed === undefined) return undefined;
  const { address, inner } = splitKey(parsed.key);
  return { address, seq: partsOfKey(inner as EffectKey)[0] };
}
