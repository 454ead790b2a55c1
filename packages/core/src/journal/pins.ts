import type { Pin } from "./journal.ts";

/** The positions that somebody still reads from. */
export class Pins {
  readonly #held = new Map<object, number>();

  /** The lowest position that is held. */
  get lowest(): number | undefined {
    let lowest: number | undefined;
    for (const position of this.#held.values()) if (lowest === undefined || position < lowest) lowest = position;
    return lowest;
  }

  pin(position: number): Pin {
    const key = {};
    this.#held.set(key, position);
    const release = (): void => void this.#held.delete(key);
    return { release, [Symbol.dispose]: release };
  }
}
