import type { Address } from "@orgtree/core";
import { NameTakenError } from "../actor/turn.ts";

/** Names of single actors and groups of many. Both belong to an incarnation and go with it. */
export class Registry {
  readonly #names = new Map<string, Address>();
  readonly #groups = new Map<string, Set<Address>>();
  /** What each actor holds, so that leaving costs what was joined and no more. */
  readonly #held = new Map<Address, { names: Set<string>; groups: Set<string> }>();

  /** The address behind a name. */
  whereis(name: string): Address | undefined {
    return this.#names.get(name);
  }

  /** The members of a group, in the order in which they joined. */
  members(group: string): readonly Address[] {
    return [...(this.#groups.get(group) ?? [])];
  }

  /** Throws `NameTakenError` when another actor has the name. */
  checkFree(name: string, address: Address): void {
    const holder = this.#names.get(name);
    if (holder !== undefined && holder !== address) throw new NameTakenError(name, holder);
  }

  /** Gives `address` a name; throws `NameTakenError` when another actor has it. */
  register(name: string, address: Address): void {
    this.checkFree(name, address);
    this.#names.set(name, address);
    this.#holdings(address).names.add(name);
  }

  join(group: string, address: Address): void {
    let members = this.#groups.get(group);
    if (members === undefined) this.#groups.set(group, (members = new Set()));
    members.add(address);
    this.#holdings(address).groups.add(group);
  }

  leave(group: string, address: Address): void {
    const members = this.#groups.get(group);
    members?.delete(address);
    if (members?.size === 0) this.#groups.delete(group);
    this.#held.get(address)?.groups.delete(group);
  }

  /** The incarnation at `address` ended. */
  release(address: Address): void {
    const held = this.#held.get(address);
    if (held === undefined) return;
    for (const name of held.names) this.#names.delete(name);
    for (const group of held.groups) this.leave(group, address);
    this.#held.delete(address);
  }

  #holdings(address: Address): { names: Set<string>; groups: Set<string> } {
    let held = this.#held.get(address);
    if (held === undefined) this.#held.set(address, (held = { names: new Set(), groups: new Set() }));
    return held;
  }
}
