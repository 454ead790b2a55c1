import { parentAddress, rootAddress, type Address, type Endpoint, type SendRefusal } from "@orgtree/core";
import type { Kernel } from "../kernel/kernel.ts";
import { HostedPlace } from "./hosted-place.ts";
import type { News, Order } from "./placement.ts";
import type { Remote } from "./remote.ts";

/** The places in this system of children whose supervisors live in other ones. */
export class HostedPlaces {
  readonly #kernel: Kernel;
  readonly #remote: Remote;
  readonly #places = new Map<Address, HostedPlace>();
  #isClosed = false;

  constructor(kernel: Kernel, remote: Remote) {
    this.#kernel = kernel;
    this.#remote = remote;
  }

  /** Where they are. */
  addresses(): readonly Address[] {
    return [...this.#places.keys()];
  }

  /** What is known of the tree that a place belongs to. */
  aboutOf(address: Address): unknown {
    return this.#places.get(address)?.about;
  }

  /** Who was hosted here by an earlier process is told of: somebody may wait for it, or not want it any more. */
  begin(): void {
    this.#tellStored(() => true);
  }

  hear(order: Order, from: Endpoint): SendRefusal | undefined {
    const { address, birth, want } = order;
    const parent = parentAddress(address);
    const isOurs = parent !== undefined && !this.#remote.hosts(address) && this.#remote.endpointOf(parent) === from;
    if (!isOurs) return { reason: "forged", problem: `no supervisor at ${from} has a child ${address} at ${this.#remote.endpoint}` };
    if (this.#isClosed || this.#kernel.leaving) return { reason: "no-recipient", problem: "this system is closed" };
    let place = this.#places.get(address);
    if (want === "forget" || want === "drop") this.#leave(order, from);
    else if (place === undefined || place.birth <= birth) {
      if (place === undefined) this.#places.set(address, (place = this.#make(address, from)));
      if (want === "run") place.run(order);
      else place.stop(order);
    }
    return undefined;
  }

  #make(address: Address, from: Endpoint): HostedPlace {
    return new HostedPlace({ kernel: this.#kernel, remote: this.#remote, fenced: () => this.#abandon() }, address, from);
  }

  #leave({ address, birth, want }: Order, from: Endpoint): void {
    const { past, recovery } = this.#kernel;
    const found = this.#places.get(address);
    // Whoever lives there was born later than the one that is given up.
    const isOther = found !== undefined && found.birth > birth;
    const place = isOther ? this.#make(address, from) : (found ?? this.#make(address, from));
    place.birth = birth;
    if (!isOther) {
      this.#places.delete(address);
      place.leave(want === "drop" ? "drop" : "forget");
    } else place.leave("forget");
    place.tell();
    if (isOther || want !== "drop") return;
    for (const [stored, { durable }] of past.untaken(address)) this.#kernel.endPlace(stored, durable.books);
    recovery.releaseBelow(address);
  }

  /** This system was replaced: whoever lives here goes on elsewhere. */
  #abandon(): void {
    for (const place of Array.from(this.#places.values())) place.leave("forget");
    this.#places.clear();
  }

  renewed(endpoint: Endpoint): void {
    for (const place of this.#places.values()) if (place.from === endpoint) place.tell();
    this.#tellStored((from) => from === endpoint);
  }

  #tellStored(isTo: (endpoint: Endpoint) => boolean): void {
    for (const [address, { durable }] of this.#kernel.past.untaken(rootAddress)) {
      const parent = parentAddress(address);
      if (parent === undefined || this.#remote.hosts(address) || !this.#remote.hosts(parent)) continue;
      const to = this.#remote.endpointOf(parent);
      if (!isTo(to)) continue;
      const news: News = {
        type: "news",
        address,
        birth: durable.books.birth,
        incarnation: this.#kernel.past.lastIncarnation(address),
        isUp: false,
        info: undefined,
        suspended: undefined,
        end: undefined,
        spent: this.#kernel.past.spentWithin(address),
      };
      this.#remote.sendParcel(to, news, { isKept: true });
    }
  }

  /** Nobody supervises those any more whose supervisor's process is gone for good. */
  lost(endpoint: Endpoint): void {
    if (this.#remote.outlives(endpoint)) return;
    for (const [address, place] of Array.from(this.#places)) {
      if (place.from !== endpoint) continue;
      this.#places.delete(address);
      place.leave("drop");
    }
  }

  /** Takes no orders any more, and ends all in order, the newest first. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const place of Array.from(this.#places.values()).reverse()) await place.close();
    for (const place of this.#places.values()) place.leave("forget");
    this.#places.clear();
  }
}
