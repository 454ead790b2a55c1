import type { Address, Endpoint } from "@orgtree/core";
import type { Kernel } from "../kernel/kernel.ts";
import type { Down } from "../kernel/watches.ts";
import { nodeLost, type Parcel } from "./parcel.ts";
import type { Remote } from "./remote.ts";

/** Until it is looked again whether somebody who is being restored is there to be watched, in milliseconds. */
const lookAgainMs = 200;

/** Who is watched over the border of a system. A watch is good for exactly one exit notice, as in one system. */
export class RemoteWatches {
  readonly #kernel: Kernel;
  readonly #remote: Remote;
  /** Who of ours is watched from elsewhere, and by whom. */
  readonly #watched = new Map<Address, Map<Endpoint, () => void>>();

  constructor(kernel: Kernel, remote: Remote) {
    this.#kernel = kernel;
    this.#remote = remote;
  }

  /** Wants to hear of the end of an actor; false for one that lives in no other system. */
  watch(target: Address): boolean {
    if (!this.#remote.hosts(target)) return false;
    this.#remote.sendKept(this.#remote.endpointOf(target), keyOf(target), { type: "watch", target });
    return true;
  }

  /** Somebody elsewhere wants to hear of an end here. */
  begin(target: Address, from: Endpoint): void {
    const { cells, recovery, timers, watches } = this.#kernel;
    if (this.#watched.get(target)?.has(from) === true) return;
    const hear = (down: Down): void => {
      stop();
      const { incarnation, exit } = down;
      if (!this.#kernel.leaving) this.#remote.sendKept(from, `down ${target}`, { type: "down", target, incarnation, exit });
    };
    const stop = (): void => {
      forget();
      this.#watched.get(target)?.delete(from);
    };
    let forget = (): void => {};
    const look = (): void => {
      if (cells.has(target)) forget = watches.addOutside(target, hear);
      else if (recovery.isAwaited({ to: target, key: undefined })) {
        const timer = timers.set(lookAgainMs, look);
        forget = () => timers.cancel(timer);
      } else {
        const failure = {
          class: "crash",
          kind: "no-process",
          name: "NoProcess",
          message: `no actor at ${target}`,
          address: target,
        } as const;
        hear({ address: target, incarnation: 0, exit: { kind: "failure", failure } });
      }
    };
    const watchers = this.#watched.get(target) ?? new Map<Endpoint, () => void>();
    this.#watched.set(target, watchers);
    watchers.set(from, stop);
    look();
  }

  /** Nobody there wants to hear of it any more. */
  end(target: Address, from: Endpoint): void {
    this.#watched.get(target)?.get(from)?.();
  }

  /** Somebody elsewhere who is watched from here has ended. */
  hearDown({ target, incarnation, exit }: Extract<Parcel, { type: "down" }>): void {
    this.#remote.forgetKept(this.#remote.endpointOf(target), keyOf(target));
    this.#kernel.watches.notify({ address: target, incarnation, exit }, this.#kernel, this.#kernel.newTrace());
  }

  /** Everybody there is gone for good. */
  lost(endpoint: Endpoint, problem: string): void {
    const { watches } = this.#kernel;
    for (const target of watches.targets()) {
      if (!this.#remote.hosts(target) || this.#remote.endpointOf(target) !== endpoint) continue;
      const exit = { kind: "failure", failure: nodeLost(target, problem) } as const;
      watches.notify({ address: target, incarnation: 0, exit }, this.#kernel, this.#kernel.newTrace());
    }
    for (const watchers of this.#watched.values()) watchers.get(endpoint)?.();
  }
}

function keyOf(target: Address): string {
  return `watch ${target}`;
}
