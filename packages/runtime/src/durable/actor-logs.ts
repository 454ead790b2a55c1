import { parentAddress, type Address } from "@orgtree/core";
import type { ActorLog } from "./actor-log.ts";

/** The logs of all actors by their addresses. Those of a subtree are found without a look at the others. */
export class ActorLogs {
  readonly #logs = new Map<Address, ActorLog>();
  /** Who has a log, or somebody below with one, by whose child he is. */
  readonly #below = new Map<Address, Set<Address>>();

  get(address: Address): ActorLog | undefined {
    return this.#logs.get(address);
  }

  has(address: Address): boolean {
    return this.#logs.has(address);
  }

  set(address: Address, log: ActorLog): void {
    this.#logs.set(address, log);
    let at = address;
    for (let above = parentAddress(at); above !== undefined; above = parentAddress(at)) {
      const siblings = this.#below.get(above);
      if (siblings?.has(at) === true) return;
      if (siblings === undefined) this.#below.set(above, new Set([at]));
      else siblings.add(at);
      at = above;
    }
  }

  /** False where there was none. */
  delete(address: Address): boolean {
    if (!this.#logs.delete(address)) return false;
    let at = address;
    for (let above = parentAddress(at); above !== undefined; above = parentAddress(at)) {
      if (this.#logs.has(at) || this.#below.has(at)) break;
      const siblings = this.#below.get(above)!;
      siblings.delete(at);
      if (siblings.size > 0) break;
      this.#below.delete(above);
      at = above;
    }
    return true;
  }

  /** The addresses below one that have a log. */
  *below(top: Address): Iterable<Address> {
    for (const address of this.#below.get(top) ?? []) {
      if (this.#logs.has(address)) yield address;
      yield* this.below(address);
    }
  }
}
