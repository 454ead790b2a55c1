import type { Clock, Endpoint, PacketListener, PacketOptions, Wire, WireEvent } from "@orgtree/core";

/** What becomes of a packet on its way: how long each of its copies takes, in milliseconds. None: it is lost. */
export type Passage = (packet: { readonly from: string; readonly to: Endpoint; readonly bytes: number }) => readonly number[];

/** How a network in memory behaves. */
export interface MemoryNetworkOptions {
  readonly clock: Clock;
  /** Default: each packet arrives once, soon, in order. */
  readonly passage?: Passage | undefined;
  /** Largest packet. Default 1 MiB. */
  readonly maxBytes?: number | undefined;
}

/** Wires between processes that live in this one: for tests, and for the simulator, which lets packets be lost. */
export class MemoryNetwork {
  readonly clock: Clock;
  readonly maxBytes: number;
  passage: Passage;
  readonly #wires = new Set<MemoryWire>();

  constructor({ clock, passage = () => [0], maxBytes = 1_048_576 }: MemoryNetworkOptions) {
    this.clock = clock;
    this.passage = passage;
    this.maxBytes = maxBytes;
  }

  /** A wire of a process of its own. */
  connect(process: string): MemoryWire {
    const wire = new MemoryWire(this, process);
    this.#wires.add(wire);
    return wire;
  }

  /** @internal */
  carry(wire: MemoryWire, to: Endpoint, { packet, how }: Sent): void {
    // What the sender does with its bytes afterwards is its own affair.
    const copy = packet.slice();
    for (const delayMs of this.passage({ from: wire.process, to, bytes: packet.byteLength })) {
      const arrive = (): void => this.#arrive(wire, to, { packet: copy, how });
      if (delayMs > 0) this.clock.setTimer(delayMs, arrive);
      else this.clock.defer(arrive);
    }
  }

  #arrive(wire: MemoryWire, to: Endpoint, { packet, how }: Sent): void {
    const hearing = Array.from(this.#wires).filter((other) => other.isConnected && other.hears(to));
    for (const other of hearing) other.take(to, packet, how.from);
    if (hearing.length === 0 && how.asks === true && wire.isConnected) wire.tell({ type: "nobody", to });
  }
}

/** A packet on its way. */
interface Sent {
  readonly packet: Uint8Array;
  readonly how: PacketOptions;
}

/** One process's end of a network in memory. */
export class MemoryWire implements Wire {
  readonly process: string;
  /** Endpoints to which this process may not send. */
  readonly forbidden = new Set<Endpoint>();
  readonly #network: MemoryNetwork;
  readonly #receivers = new Map<Endpoint, Set<PacketListener>>();
  readonly #listeners = new Set<(event: WireEvent) => void>();
  #isConnected = true;

  /** @internal Use `MemoryNetwork.connect`. */
  constructor(network: MemoryNetwork, process: string) {
    this.#network = network;
    this.process = process;
  }

  get maxBytes(): number {
    return this.#network.maxBytes;
  }

  get isConnected(): boolean {
    return this.#isConnected;
  }

  send(to: Endpoint, packet: Uint8Array, how: PacketOptions): void {
    if (packet.byteLength > this.maxBytes) throw new RangeError(`a packet of ${packet.byteLength} bytes, and ${this.maxBytes} go`);
    if (this.forbidden.has(to)) this.#network.clock.defer(() => this.tell({ type: "refused", to, from: how.from }));
    else if (this.#isConnected) this.#network.carry(this, to, { packet, how });
  }

  receive(at: Endpoint, listener: PacketListener): Promise<() => void> {
    const listeners = this.#receivers.get(at) ?? new Set();
    this.#receivers.set(at, listeners);
    listeners.add(listener);
    return Promise.resolve(() => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#receivers.get(at) === listeners) this.#receivers.delete(at);
    });
  }

  listen(listener: (event: WireEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Takes the process off the network: nothing that it sends leaves, and nothing reaches it. */
  cut(): void {
    if (!this.#isConnected) return;
    this.#isConnected = false;
    this.tell({ type: "lost" });
  }

  /** The process is on the network again. */
  mend(): void {
    if (this.#isConnected) return;
    this.#isConnected = true;
    this.tell({ type: "back" });
  }

  /** @internal */
  hears(endpoint: Endpoint): boolean {
    return this.#receivers.has(endpoint);
  }

  /** @internal */
  take(endpoint: Endpoint, packet: Uint8Array, from: Endpoint): void {
    for (const listener of this.#receivers.get(endpoint) ?? []) listener(packet, from);
  }

  /** @internal */
  tell(event: WireEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}
