import type { AnyMachineSnapshot } from "xstate";
import { branchOf, isBelow, type ChildActor } from "./child-actor.ts";

/** A name given by a step that has not been carried out yet. */
interface PromisedName {
  readonly name: string;
  readonly child: ChildActor;
}

/**
 * The `systemId`s of a machine's children.
 *
 * Children are made while a step is computed, when those that it stops still have their names. So a name is promised first,
 * and belongs to its child once that is started; whether two children clash is looked at when the step is whole.
 */
export class ChildNames {
  readonly #given = new Map<string, ChildActor>();
  #promised: PromisedName[] = [];

  get(name: string): ChildActor | undefined {
    return this.#promised.findLast((promise) => promise.name === name)?.child ?? this.#given.get(name);
  }

  all(): Record<string, ChildActor> {
    const all = Object.fromEntries(this.#given);
    for (const { name, child } of this.#promised) all[name] = child;
    return all;
  }

  promise(name: string, child: ChildActor): void {
    this.#promised.push({ name, child });
  }

  /** Gives a child its name; throws when another one has it. */
  give(name: string, child: ChildActor): void {
    const holder = this.#given.get(name);
    if (holder !== undefined && holder !== child) throw clash(name);
    this.#given.set(name, child);
    this.#forget((promise) => promise.child === child);
  }

  /** The child ends: its name is free, and what its own children were promised is void. */
  free(child: ChildActor): void {
    const { systemId } = child;
    if (systemId !== undefined && this.#given.get(systemId) === child) this.#given.delete(systemId);
    this.#forget((promise) => promise.child === child || isBelow(promise.child, child));
  }

  /** A step of `owner` came to nothing, and so do the names it gave. */
  forgetPromises(owner: unknown): void {
    this.#forget(({ child }) => branchOf(child, owner) !== undefined);
  }

  /** A step of `owner` led to `next`; throws when two children that will live then have the same name. */
  settle(owner: unknown, next: AnyMachineSnapshot): void {
    if (this.#promised.length === 0) return;
    const lives = (child: ChildActor): boolean => {
      const branch = branchOf(child, owner);
      return branch === undefined || (next.children as Record<string, unknown>)[branch.id] === branch;
    };
    this.#forget(({ child }) => !lives(child));
    const holders = new Map([...this.#given].filter(([, child]) => lives(child)));
    for (const { name, child } of this.#promised) {
      const holder = holders.get(name);
      if (holder !== undefined && holder !== child) throw clash(name);
      holders.set(name, child);
    }
  }

  #forget(isVoid: (promise: PromisedName) => boolean): void {
    if (this.#promised.length > 0) this.#promised = this.#promised.filter((promise) => !isVoid(promise));
  }
}

function clash(name: string): Error {
  return new Error(`two children of one machine have the systemId "${name}"`);
}
