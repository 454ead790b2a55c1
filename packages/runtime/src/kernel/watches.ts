import type { Address, Exit } from "@orgtree/core";
import type { Signal } from "../actor/signal.ts";
import type { Trace } from "../actor/mail.ts";

/** Where exit notices go. */
interface Notified {
  signal(to: Address, signal: Signal, trace: Trace): void;
}

/** The end of an incarnation, as watchers are told. */
export interface Down {
  readonly address: Address;
  readonly incarnation: number;
  readonly exit: Exit;
}

/** Who watches whom. A watch is good for exactly one exit notice. */
export class Watches {
  readonly #watchersOf = new Map<Address, Set<Address>>();
  readonly #watchedBy = new Map<Address, Set<Address>>();
  /** Watchers outside the tree. */
  readonly #outside = new Map<Address, Set<(down: Down) => void>>();

  /** Addresses that watch or are watched, for tests of leaks. */
  get size(): number {
    return this.#watchersOf.size + this.#watchedBy.size + this.#outside.size;
  }

  /** Who is watched. */
  targets(): readonly Address[] {
    return [...new Set([...this.#watchersOf.keys(), ...this.#outside.keys()])];
  }

  add(watcher: Address, target: Address): void {
    setOf(this.#watchersOf, target).add(watcher);
    setOf(this.#watchedBy, watcher).add(target);
  }

  remove(watcher: Address, target: Address): void {
    discard(this.#watchersOf, target, watcher);
    discard(this.#watchedBy, watcher, target);
  }

  /** Watches from outside; the function that is given back ends it. */
  addOutside(target: Address, hear: (down: Down) => void): () => void {
    setOf(this.#outside, target).add(hear);
    return () => discard(this.#outside, target, hear);
  }

  /** Tells everybody who watches; their watches are over. */
  notify(down: Down, kernel: Notified, trace: Trace): void {
    const watchers = this.#watchersOf.get(down.address);
    if (watchers !== undefined) {
      this.#watchersOf.delete(down.address);
      for (const watcher of watchers) {
        discard(this.#watchedBy, watcher, down.address);
        kernel.signal(watcher, { type: "orgtree.down", ...down }, trace);
      }
    }
    const outside = this.#outside.get(down.address);
    if (outside === undefined) return;
    this.#outside.delete(down.address);
    for (const hear of outside) hear(down);
  }

  /** The incarnation at `watcher` ended: its watches go with it. */
  release(watcher: Address): void {
    const targets = this.#watchedBy.get(watcher);
    if (targets === undefined) return;
    this.#watchedBy.delete(watcher);
    for (const target of targets) discard(this.#watchersOf, target, watcher);
  }
}

function setOf<T>(map: Map<Address, Set<T>>, key: Address): Set<T> {
  let set = map.get(key);
  if (set === undefined) map.set(key, (set = new Set()));
  return set;
}

function discard<T>(map: Map<Address, Set<T>>, key: Address, value: T): void {
  const set = map.get(key);
  set?.delete(value);
  if (set?.size === 0) map.delete(key);
}
