import type { Endpoint, PacketListener, PacketOptions, Wire, WireEvent } from "@orgtree/core";
import { createInbox, type Msg, type Subscription } from "@nats-io/transport-node";
import { NatsError } from "../connection/nats-error.ts";
import type { LinkEvent, NatsLink } from "../connection/nats-link.ts";
import { checkSubscribed } from "../connection/violation.ts";
import { endpointOfTokens, endpointTokens, wirePrefix } from "./wire-subject.ts";

/** How to make a wire over NATS. */
export interface NatsWireOptions {
  /** The namespace: 1 to 64 letters, digits, `_` and `-`. See `wireSubject`. */
  readonly namespace: string;
}

/** Texts made of texts, which are asked for with every packet; forgotten when there are too many. */
class Memo {
  readonly #known = new Map<string, string>();

  of(text: string, make: (text: string) => string): string {
    let made = this.#known.get(text);
    if (made !== undefined) return made;
    if (this.#known.size >= mostKnown) this.#known.clear();
    this.#known.set(text, (made = make(text)));
    return made;
  }
}

const mostKnown = 10_000;

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
  readonly #tokens = new Memo();
  readonly #endpoints = new Memo();
  readonly #listeners = new Set<(event: WireEvent) => void>();
  readonly #stopListening: () => void;

  /** Throws `NatsError` for a namespace that cannot be part of a subject. */
  constructor(link: NatsLink, { namespace }: NatsWireOptions) {
    if (!/^[A-Za-z0-9_-]{1,64}$/.test(namespace))
      throw new NatsError("settings", `a namespace is 1 to 64 letters, digits, _ and -, not "${namespace}"`);
    this.#link = link;
    this.#prefix = wirePrefix(namespace);
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

  send(to: Endpoint, packet: Uint8Array, { from, asks = false }: PacketOptions): void {
    if (!this.#link.isConnected) return;
    const subject = `${this.#prefix}${this.#tokensOf(to)}.${this.#tokensOf(from)}`;
    this.#link.connection.publish(subject, packet, asks ? { reply: this.#nobody + to } : undefined);
  }

  async receive(at: Endpoint, listener: PacketListener): Promise<() => void> {
    const { connection } = this.#link;
    let problem: unknown;
    const own = `${this.#prefix}${endpointTokens(at)}.`;
    const subscription = connection.subscribe(`${own}*.*`, {
      callback: (error, { data, subject }) => {
        problem ??= error;
        if (error === null) listener(data, this.#endpointOf(subject.slice(own.length)));
      },
    });
    // Where the connection is lost just now, the client subscribes again when it is back.
    await connection.flush().catch(() => {});
    checkSubscribed(problem);
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
    else if (event.subject.startsWith(this.#prefix)) {
      const [toPool = "", toNumber = "", ...from] = event.subject.slice(this.#prefix.length).split(".");
      this.#tell({ type: "refused", to: endpointOfTokens(`${toPool}.${toNumber}`), from: endpointOfTokens(from.join(".")) });
    }
  }

  /** The same few again and again. */
  #tokensOf(endpoint: Endpoint): string {
    return this.#tokens.of(endpoint, endpointTokens);
  }

  #endpointOf(tokens: string): Endpoint {
    return this.#endpoints.of(tokens, endpointOfTokens);
  }

  #tell(event: WireEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}
