import type { Endpoint, Wire, WireEvent } from "@orgtree/core";
import { createInbox, type Msg, type Subscription } from "@nats-io/transport-node";
import { NatsError } from "../connection/nats-error.ts";
import type { LinkEvent, NatsLink } from "../connection/nats-link.ts";

/** How to make a wire over NATS. */
export interface NatsWireOptions {
  /** The namespace: 1 to 64 letters, digits, `_` and `-`. Endpoints are the subjects `orgtree.<namespace>.w.<endpoint>`. */
  readonly namespace: string;
}

/** What the protocol and the headers of a packet need of the largest message, in bytes. */
const headBytes = 512;

/**
 * The wire over core NATS: a packet is a message, an endpoint a subject. The server says at once where nobody listens.
 *
 * What the client would lose without a word while it is not connected is not handed to it.
 */
export class NatsWire implements Wire {
  readonly #link: NatsLink;
  readonly #prefix: string;
  /** Where the server says that nobody listens: this and the endpoint. */
  readonly #nobody: string;
  readonly #nobodyHeard: Subscription;
  readonly #listeners = new Set<(event: WireEvent) => void>();
  readonly #stopListening: () => void;

  /** Throws `NatsError` for a namespace that cannot be part of a subject. */
  constructor(link: NatsLink, { namespace }: NatsWireOptions) {
    if (!/^[A-Za-z0-9_-]{1,64}$/.test(namespace))
      throw new NatsError("settings", `a namespace is 1 to 64 letters, digits, _ and -, not "${namespace}"`);
    this.#link = link;
    this.#prefix = `orgtree.${namespace}.w.`;
    this.#nobody = `${createInbox(link.inboxPrefix)}.`;
    this.#nobodyHeard = link.connection.subscribe(`${this.#nobody}*`, { callback: (error, message) => this.#hearNobody(error, message) });
    this.#stopListening = link.listen((event) => this.#happened(event));
  }

  get maxBytes(): number {
    return this.#link.maxPayload - headBytes;
  }

  get isConnected(): boolean {
    return this.#link.isConnected;
  }

  send(to: Endpoint, packet: Uint8Array, { asks = false }: { readonly asks?: boolean } = {}): void {
    if (!this.#link.isConnected) return;
    this.#link.connection.publish(this.#prefix + to, packet, asks ? { reply: this.#nobody + to } : undefined);
  }

  async receive(at: Endpoint, listener: (packet: Uint8Array) => void): Promise<() => void> {
    const { connection } = this.#link;
    const subscription = connection.subscribe(this.#prefix + at, {
      callback: (error, { data }) => {
        if (error === null) listener(data);
      },
    });
    // Where the connection is lost just now, the client subscribes again when it is back.
    await connection.flush().catch(() => {});
    return () => {
      if (!connection.isClosed()) subscription.unsubscribe();
    };
  }

  listen(listener: (event: WireEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Hears nothing any more. The connection stays open. */
  close(): void {
    this.#stopListening();
    this.#listeners.clear();
    if (!this.#link.connection.isClosed()) this.#nobodyHeard.unsubscribe();
  }

  #hearNobody(error: Error | null, { subject, headers }: Msg): void {
    if (error === null && headers?.code === 503) this.#tell({ type: "nobody", to: subject.slice(this.#nobody.length) });
  }

  #happened(event: LinkEvent): void {
    if (event.type === "back") this.#tell({ type: "back" });
    else if (event.type !== "refused") this.#tell({ type: "lost" });
    else if (event.subject.startsWith(this.#prefix)) this.#tell({ type: "refused", to: event.subject.slice(this.#prefix.length) });
  }

  #tell(event: WireEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}
