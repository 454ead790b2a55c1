import { isWithin, type Address } from "@orgtree/core";

/** Subtrees that take no mail for a moment, so that what is said of them stays true until something is done about it. */
export class Pauses {
  #tops: readonly Address[] = [];

  begin(top: Address): void {
    this.#tops = [...this.#tops, top];
  }

  /** Ends one pause that was begun at `top`, where there is one. */
  end(top: Address): boolean {
    const at = this.#tops.indexOf(top);
    this.#tops = this.#tops.filter((_, index) => index !== at);
    return at >= 0;
  }

  has(address: Address): boolean {
    return this.#tops.length > 0 && this.#tops.some((top) => isWithin(address, top));
  }
}
