/** Where mail can be sent: a process, or a part of the organization that one process at a time hosts. 1 to 64 letters, digits, `_` and `-`. */
export type Endpoint = string;

/**
 * The port of a wire: packets between processes. It may lose, double and reorder them; it never changes one, and never makes one up.
 * From where a packet comes is said by the wire, not by the packet: where a broker keeps processes apart, none can send as another.
 *
 * Twins: memory, with faults (`@orgtree/cluster/testing`); NATS (`@orgtree/nats`). They pass one contract suite.
 */
export interface Wire {
  /** Largest packet, in bytes. */
  readonly maxBytes: number;
  /** False while nothing that is sent would arrive: a packet that is sent then is lost. */
  readonly isConnected: boolean;
  /**
   * Sends a packet from an endpoint of this process to whoever listens at another one. Where `asks` is true and nobody does, the event `nobody` follows, if the wire
   * can tell. Throws nothing: what cannot be sent is lost.
   */
  send(to: Endpoint, packet: Uint8Array, how: PacketOptions): void;
  /** Hears the packets for an endpoint; what it gives back stops that. Resolves when it is known that packets arrive from now on. */
  receive(at: Endpoint, listener: PacketListener): Promise<() => void>;
  /** Hears what happens to the wire; what it gives back stops that. */
  listen(listener: (event: WireEvent) => void): () => void;
}

/** From where a packet is sent, and whether it is to be heard of when nobody is there. */
export interface PacketOptions {
  readonly from: Endpoint;
  readonly asks?: boolean;
}

/** Hears a packet, and the endpoint that it was sent from. */
export type PacketListener = (packet: Uint8Array, from: Endpoint) => void;

/** What happens to a wire. `refused`: this process is not allowed to send from there to there. */
export type WireEvent =
  | { readonly type: "lost" | "back" }
  | { readonly type: "nobody"; readonly to: Endpoint }
  | { readonly type: "refused"; readonly to: Endpoint; readonly from: Endpoint };
