import { idOf, isWithin, parentAddress, type Address, type CheckedChildSpec, type Endpoint } from "@orgtree/core";
import type { Supervisor } from "../actor/supervisor-link.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { Logic } from "../logic.ts";
import type { News } from "./placement.ts";
import { RemoteChild } from "./remote-child.ts";
import { RemoteSpending } from "./remote-spending.ts";
import type { Remote } from "./remote.ts";

/** The children of this system's supervisors that live in other systems. */
export class RemoteChildren {
  readonly #kernel: Kernel;
  readonly #remote: Remote;
  readonly #places = new Map<Address, RemoteChild>();
  /** Places that were given up, until their systems know of it. */
  readonly #leaving = new Map<string, RemoteChild>();
  /** What is spent there, until a place is dropped. */
  readonly #spending = new Map<Address, RemoteSpending>();
  /** What lives elsewhere, and of which it is not known yet whether anybody here wants it. */
  readonly #unclaimed = new Map<Address, News>();

  constructor(kernel: Kernel, remote: Remote) {
    this.#kernel = kernel;
    this.#remote = remote;
  }

  get(address: Address): RemoteChild | undefined {
    return this.#places.get(address);
  }

  /** The place at an address, made where there is none. */
  place(address: Address, supervisor: Supervisor, from: { readonly birth: number; readonly spec: CheckedChildSpec<Logic> }): RemoteChild {
    let child = this.#places.get(address);
    if (child === undefined) {
      let spending = this.#spending.get(address);
      if (spending === undefined) this.#spending.set(address, (spending = new RemoteSpending(this.#kernel, address)));
      const leave = (left: RemoteChild, isDropped: boolean): void => this.#leave(left, isDropped);
      child = new RemoteChild({ kernel: this.#kernel, remote: this.#remote, supervisor, spending, leave }, address, from);
      this.#places.set(address, child);
    }
    child.spec = from.spec;
    return child;
  }

  #leave(child: RemoteChild, isDropped: boolean): void {
    // Whoever comes there is somebody else; what is told yet of the one that was counts for that one.
    if (isDropped) this.#spending.delete(child.address);
    if (this.#places.get(child.address) === child) this.#places.delete(child.address);
    if (!this.#remote.isSilent) this.#leaving.set(lifeOf(child), child);
  }

  hear(news: News): void {
    const { address, birth, end } = news;
    const child = this.#places.get(address);
    if (child?.birth === birth) return child.hear(news);
    const left = this.#leaving.get(lifeOf(news));
    if (left !== undefined) {
      left.hear(news);
      if (end?.kind === "gone") this.#leaving.delete(lifeOf(news));
      return;
    }
    // Where there is a place, its order says what becomes of other lives there (P1, P2).
    if (child === undefined && end?.kind !== "gone") this.#claim(news);
  }

  /** Nobody here knows of it: it is given up (P4), as soon as it is clear that nobody will. */
  #claim(news: News): void {
    const { cells, recovery, store } = this.#kernel;
    const { address, birth } = news;
    const parent = parentAddress(address)!;
    const body = cells.get(parent)?.life?.body;
    const id = idOf(address);
    this.#unclaimed.set(address, news);
    if (store !== undefined && recovery.mayAskAgain(parent)) return;
    if (body?.knows?.(id) === true || body?.remembers?.(id) === true) return;
    this.#unclaimed.delete(address);
    // Whoever is not up may be started again, and with it those who belong to it.
    const want = body === undefined ? "forget" : "drop";
    const order = { type: "order", address, birth, want, isUp: true, resumed: undefined, terms: undefined } as const;
    this.#remote.sendParcel(this.#remote.endpointOf(address), order, { isKept: true });
  }

  /** Something has changed at an address or below it: what nobody knew of there is looked at again. */
  reclaim(top: Address): void {
    for (const [address, news] of Array.from(this.#unclaimed)) {
      if (!isWithin(address, top)) continue;
      this.#unclaimed.delete(address);
      if (!this.#places.has(address)) this.#claim(news);
    }
  }

  /** Everything that is to be known there is told once more. */
  renewed(endpoint: Endpoint): void {
    // What was given up first, so that whoever came after it is not taken for it.
    for (const child of [...this.#leaving.values(), ...this.#places.values()]) if (this.#isAt(child, endpoint)) child.tell();
  }

  lost(endpoint: Endpoint, problem: string): void {
    const isGone = !this.#remote.outlives(endpoint);
    for (const [life, child] of Array.from(this.#leaving)) if (isGone && this.#isAt(child, endpoint)) this.#leaving.delete(life);
    for (const [address] of Array.from(this.#unclaimed)) if (this.#remote.endpointOf(address) === endpoint) this.#unclaimed.delete(address);
    for (const child of Array.from(this.#places.values())) if (this.#isAt(child, endpoint)) child.lost(problem, isGone);
  }

  #isAt({ address }: RemoteChild, endpoint: Endpoint): boolean {
    return this.#remote.endpointOf(address) === endpoint;
  }
}

function lifeOf({ address, birth }: Pick<News, "address" | "birth">): string {
  return `${address}#${birth}`;
}
