import type { Clock, Endpoint, PacketListener, PacketOptions, Wire, WireEvent } from "@orgtree/core";

/**
 * A wire that knows who listens in this process: packets for them do not leave it. So what several systems of one process send each other
 * goes over no network, and arrives also while that is lost.
 *
 * Two processes may listen at one endpoint, while one has not heard that it was replaced. Packets from here then reach the one that is here, until it
 * ends: it stores nothing any more, so what it is sent comes again.
 */
export class LocalFirstWire implements Wire {
  readonly #wire: Wire;
  readonly #clock: Clock;
  readonly #local = new Map<Endpoint, Set<PacketListener>>();

  constructor(wire: Wire, clock: Clock) {
    this.#wire = wire;
    this.#clock = clock;
  }

  get maxBytes(): number {
    return this.#wire.maxBytes;
  }

  /** That of the network. Whether somebody is here is not asked. */
  get isConnected(): boolean {
    return this.#wire.isConnected || this.#local.size > 0;
  }

  send(to: Endpoint, packet: Uint8Array, options: PacketOptions): void {
    if (!this.#local.has(to)) return this.#wire.send(to, packet, options);
    // Never on the stack of who sends.
    this.#clock.defer(() => {
      for (const listener of this.#local.get(to) ?? []) listener(packet, options.from);
    });
  }

  async receive(at: Endpoint, listener: PacketListener): Promise<() => void> {
    const listeners = this.#local.get(at) ?? new Set();
    this.#local.set(at, listeners);
    listeners.add(listener);
    const forget = (): void => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#local.get(at) === listeners) this.#local.delete(at);
    };
    try {
      const stop = await this.#wire.receive(at, listener);
      return () => {
        forget();
        stop();
      };
    } catch (error) {
      forget();
      throw error;
    }
  }

  listen(listener: (event: WireEvent) => void): () => void {
    return this.#wire.listen(listener);
  }
}
