import type { EffectRecord } from "@orgtree/core";
import type { DescribedEffect } from "./effect.ts";

/** The kind of an effect that is a note; see `ActorSystem.note`. */
export const noteKind = "orgtree.note";

/** What was noted of an actor and no record has yet. */
export class Notes {
  #waiting: unknown[] = [];

  add(what: unknown): void {
    this.#waiting.push(what);
  }

  /** As effects of the next turn. */
  get effects(): readonly DescribedEffect[] {
    return this.#waiting.map((detail) => ({ kind: noteKind, detail }));
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
