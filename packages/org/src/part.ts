import type { Logic } from "@orgtree/runtime";

/** What runs in a place of a run, and what each of its lives is given at the start. */
export interface Part {
  readonly logic: Logic;
  readonly input?: unknown;
}

/**
 * What the lives of a machine work with that is no data: tools, a model, the record. It lies beside the context and not in it, so that
 * one machine serves all agents, is looked at by the lint once, and a context can be shown and stored without a secret in it.
 */
export class Equipment<T> {
  readonly #given = new WeakMap<object, T>();

  /** To be called when the context is made, by the machine's own factory. */
  give(self: object, equipment: T): void {
    this.#given.set(self, equipment);
  }

  /** What this life was given. */
  of(self: object): T {
    const found = this.#given.get(self);
    if (found === undefined) throw new Error("a machine was started without its equipment: give it as input");
    return found;
  }
}
