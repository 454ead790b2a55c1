/** Where mail can be sent: a process, or a part of the organization that one process at a time hosts. 1 to 64 letters, digits, `_` and `-`. */
export type Endpoint = string;

/**
 * The port of a wire: packets between processes. It may lose, double and reorder them; it never changes one, and never makes one up.
 *
 * Twins: memory, with faults (`@orgtree/cluster/testing`); NATS (`@orgtree/nats`). They pass one contract suite.
 */
export interface Wire {
  /** Largest packet, in bytes. */
  readonly maxBytes: number;
  /** False while nothing that is sent would arrive: a packet that is sent then is lost. */
  readonly isConnected: boolean;
  /**
   * Sends a packet to whoever listens at an endpoint. Where `asks` is true and nobody does, the event `nobody` follows, if the wire
   * can tell. Throws nothing: what cannot be sent is lost.
   */
  send(to: Endpoint, packet: Uint8Array, options?: { readonly asks?: boolean }): void;
  /** Hears the packets for an endpoint; what it gives back stops that. Resolves when it is known that packets arrive from now on. */
  receive(at: Endpoint, listener: (packet: Uint8Array) => void): Promise<() => void>;
  /** Hears what happens to the wire; what it gives back stops that. */
  listen(listener: (event: WireEvent) => void): () => void;
}

/** What happens to a wire. `refused`: this process is not allowed to send there. */
export type WireEvent = { readonly type: "lost" | "back" } | { readonly type: "nobody" | "refused"; readonly to: Endpoint };
