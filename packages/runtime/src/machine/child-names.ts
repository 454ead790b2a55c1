import type { AnyMachineSnapshot } from "xstate";
import { branchOf, isBelow, type ChildActor } from "./child-actor.ts";

/**
 * The `systemId`s of a machine's children.
 *
 * Children are made while a step is computed, when those that it stops still have their names. So a name is promised first,
 * and belongs to its child once that is started; whether two children clash is looked at when the step is whole.
 */
export class ChildNames {
  readonly #given = new Map<string, ChildActor>();
  /** In the order of the promises. */
  readonly #promised = new Map<ChildActor, string>();

  /** The child of this name; one that is about to be started goes before one that is about to be stopped. */
  get(name: string): ChildActor | undefined {
    let found: ChildActor | undefined;
    for (const [child, promised] of this.#promised) if (promised === name) found = child;
    return found ?? this.#given.get(name);
  }

  all(): Record<string, ChildActor> {
    const all = Object.fromEntries(this.#given);
    for (const [child, name] of this.#promised) all[name] = child;
    return all;
  }

  promise(name: string, child: ChildActor): void {
    this.#promised.set(child, name);
  }

  /** Gives a child its name; throws when another one has it. */
  give(name: string, child: ChildActor): void {
    const holder = this.#given.get(name);
    if (holder !== undefined && holder !== child) throw clash(name);
    this.#given.set(name, child);
    this.#promised.delete(child);
  }

  /** The child ends: its name is free, and what its own children were promised is void. */
  free(child: ChildActor): void {
    const { systemId } = child;
    if (systemId !== undefined && this.#given.get(systemId) === child) this.#given.delete(systemId);
    this.#promised.delete(child);
    this.#forget((promised) => isBelow(promised, child));
  }

  /** A step of `owner` came to nothing, and so do the names it gave. */
  forgetPromises(owner: unknown): void {
    this.#forget((promised) => isBelow(promised, owner));
  }

  /** A step of `owner` led to `next`; throws when two children that will live then have the same name. */
  settle(owner: unknown, next: AnyMachineSnapshot): void {
    if (this.#promised.size === 0) return;
    const lives = (child: ChildActor): boolean => {
      const branch = branchOf(child, owner);
      return branch === undefined || (next.children as Record<string, unknown>)[branch.id] === branch;
    };
    this.#forget((promised) => !lives(promised));
    const promises = new Map<string, ChildActor>();
    for (const [child, name] of this.#promised) {
      const holder = promises.get(name) ?? this.#given.get(name);
      if (holder !== undefined && holder !== child && lives(holder)) throw clash(name);
      promises.set(name, child);
    }
  }

  #forget(isVoid: (promised: ChildActor) => boolean): void {
    for (const child of this.#promised.keys()) if (isVoid(child)) this.#promised.delete(child);
  }
}

function clash(name: string): Error {
  return new Error(`two children of one machine have the systemId "${name}"`);
}
