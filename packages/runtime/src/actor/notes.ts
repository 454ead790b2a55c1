import type { Address, EffectRecord } from "@orgtree/core";
import { effectKey, fullKey } from "../durable/effect-key.ts";

/** The kind of an effect that is a note; see `ActorSystem.note`. */
export const noteKind = "orgtree.note";

/** What was noted of an actor and no record has yet. */
export class Notes {
  #waiting: unknown[] = [];

  add(what: unknown): void {
    this.#waiting.push(what);
  }

  /** As effects of turn `seq` of an address, of which `count` are there already. */
  effects({ address, seq }: { readonly address: Address; readonly seq: number }, count: number): readonly EffectRecord[] {
    return this.#waiting.map((detail, at) => ({ kind: noteKind, key: fullKey(address, effectKey(seq, count + at)), detail }));
  }

  /** A record is stored that has the first of them. */
  stored(effects: readonly EffectRecord[]): void {
    if (this.#waiting.length > 0) this.#waiting.splice(0, effects.filter(({ kind }) => kind === noteKind).length);
  }

  /** Somebody else stores them. */
  take(): readonly unknown[] {
    return this.#waiting.splice(0);
  }
}
