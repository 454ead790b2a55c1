import type { Address, Clock, Endpoint, Logger, Random, SendOptions, Transport, TransportReceiver, Wire, WireEvent } from "@orgtree/core";
import { hostName } from "./host-name.ts";
import { Incoming } from "./incoming.ts";
import { type ChannelLimits, limitsOf } from "./limits.ts";
import { Outgoing } from "./outgoing.ts";
import { decodePacket, encodePacket } from "./packet.ts";

/** What a transport over a wire needs. */
export interface WireTransportOptions {
  readonly wire: Wire;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Where this system is reached. */
  readonly endpoint: Endpoint;
  /** Who hosts an address. */
  readonly endpointOf: (address: Address) => Endpoint;
  /** Whose actors go on in another process when theirs is gone. Default: nobody's. */
  readonly outlives?: ((endpoint: Endpoint) => boolean) | undefined;
  /** Which of several systems that claim the endpoint is right: the one with the greatest. Default 0. */
  readonly epoch?: number | undefined;
  readonly limits?: Partial<ChannelLimits> | undefined;
}

/** Processes that have gone of which it is remembered. */
const mostGone = 10_000;

/** What went through a transport, since it was made. */
export interface TransportCounts {
  readonly sent: number;
  readonly received: number;
  /** Parcels that were not wanted, by the reason that was given: `forged`, `malformed`, `oversized`, `no-recipient`, `mailbox-full`. */
  readonly refused: Readonly<Record<string, number>>;
  /** Packets that could not be read, or were of another version. */
  readonly unreadable: number;
  /** Packets that say that they come from elsewhere than they do. */
  readonly forged: number;
  /** Packets of channels that were over: a network may double what it carries, and somebody may send again what he has recorded. */
  readonly replayed: number;
  /** Packets that the broker did not take, since this process may not send there. */
  readonly forbidden: number;
  /** Parcels that were not acknowledged yet. */
  readonly waiting: number;
  /** Systems that are spoken to just now. */
  readonly channels: number;
}

/**
 * A transport over a wire that loses, doubles and reorders packets: one channel for each endpoint that is sent to, each with a window, a bounded
 * queue, repetition, and a limit of silence.
 */
export class WireTransport implements Transport {
  readonly endpoint: Endpoint;
  readonly endpointOf: (address: Address) => Endpoint;
  readonly outlives: (endpoint: Endpoint) => boolean;
  readonly #options: WireTransportOptions;
  readonly #limits: ChannelLimits;
  readonly #host: string;
  readonly #outgoing = new Map<Endpoint, Outgoing>();
  /** Processes that have gone, the newest last. */
  readonly #gone = new Set<Endpoint>();
  #incoming: Incoming | undefined;
  #receiver: TransportReceiver | undefined;
  #stops: (() => void)[] = [];
  #takes = true;
  #closing: Promise<void> | undefined;
  readonly #refusals = new Map<string, number>();
  readonly #counts = { sent: 0, received: 0, unreadable: 0, forged: 0, replayed: 0, forbidden: 0 };

  /** Throws `SpecError` for limits that are none. */
  constructor(options: WireTransportOptions) {
    this.#options = options;
    this.endpoint = options.endpoint;
    this.endpointOf = options.endpointOf;
    this.outlives = options.outlives ?? (() => false);
    this.#limits = limitsOf(options.limits);
    this.#host = hostName(options.epoch ?? 0, this.#newName());
  }

  get counts(): TransportCounts {
    let waiting = 0;
    for (const channel of this.#outgoing.values()) waiting += channel.waiting;
    return { ...this.#counts, refused: Object.fromEntries(this.#refusals), waiting, channels: this.#outgoing.size };
  }

  send(to: Endpoint, body: unknown, options: SendOptions): void {
    this.#counts.sent++;
    if (this.#closing !== undefined) {
      options.ended?.({ type: "unreachable", problem: "this system was closed" });
      return;
    }
    let channel = this.#outgoing.get(to);
    if (channel === undefined) this.#outgoing.set(to, (channel = this.#channelTo(to)));
    channel.send(body, options);
  }

  async start(receiver: TransportReceiver): Promise<void> {
    const { wire, clock } = this.#options;
    this.#receiver = receiver;
    const receive = (body: unknown, from: Endpoint) => {
      this.#counts.received++;
      return receiver.receive(body, from);
    };
    const refused = (reason: string): void => void this.#refusals.set(reason, (this.#refusals.get(reason) ?? 0) + 1);
    const replayed = (from: Endpoint): void => {
      this.#counts.replayed++;
      this.#options.logger.debug({ endpoint: this.endpoint, from }, "a packet of a channel that is over came again");
    };
    const [at, limits, host] = [this.endpoint, this.#limits, this.#host];
    this.#incoming = new Incoming({ wire, clock, at, limits, host, receiver: { receive }, replayed, refused });
    this.#stops.push(wire.listen((event) => this.#happened(event)));
    // It may have ended meanwhile.
    const stopReceiving = await wire.receive(this.endpoint, (packet, from) => this.#hear(packet, from));
    this.#stops.push(stopReceiving);
    if (!this.#takes) this.#stopListening();
  }

  stopTaking(): void {
    if (!this.#takes) return;
    this.#takes = false;
    this.#incoming?.stop();
    // On a wire that prefers who is in this process others here would go on to speak to nobody but us.
    this.#stopListening();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    for (const channel of this.#outgoing.values()) channel.close();
    this.stopTaking();
    await Promise.resolve();
  }

  #stopListening(): void {
    for (const stop of this.#stops) stop();
    this.#stops = [];
  }

  #channelTo(to: Endpoint): Outgoing {
    const { wire, clock } = this.#options;
    const receiver = {
      renewed: (endpoint: Endpoint) => this.#receiver?.renewed(endpoint),
      lost: (endpoint: Endpoint, problem: string) => this.#receiver?.lost(endpoint, problem),
    };
    const idle = (): void => this.#forget(to);
    const hadEnded = this.#gone.delete(to);
    const isLasting = this.outlives(to);
    const newName = (): string => this.#newName();
    return new Outgoing(to, { clock, wire, from: this.endpoint, limits: this.#limits, receiver, newName, isLasting, hadEnded, idle });
  }

  #forget(to: Endpoint): void {
    this.#outgoing.delete(to);
    // Where it comes back it was only away: what is kept for it has to be sent again.
    this.#gone.add(to);
    if (this.#gone.size > mostGone) this.#gone.delete(this.#gone.values().next().value!);
  }

  /** Whatever a packet does to us, it is no affair of the wire's: a client of NATS ends its connection when a listener throws. */
  #hear(bytes: Uint8Array, from: Endpoint): void {
    if (!this.#takes) return;
    try {
      this.#take(decodePacket(bytes), from);
    } catch (error) {
      this.#counts.unreadable++;
      this.#options.logger.error({ endpoint: this.endpoint, from, err: error }, "a packet could not be taken");
    }
  }

  #take(packet: ReturnType<typeof decodePacket>, from: Endpoint): void {
    switch (packet.type) {
      case "open":
      case "data":
      case "ping":
        if (packet.from !== from) return this.#forged(from, `it says that it comes from ${packet.from}`);
        return this.#incoming!.hear(packet);
      case "close":
        return this.#incoming!.close(packet.channel, from);
      case "unreadable":
        return this.#unreadable(packet, from);
      default:
        // Only who is spoken to on a channel says what became of it.
        this.#outgoing.get(from)?.hear(packet);
    }
  }

  #forged(from: Endpoint, problem: string): void {
    this.#counts.forged++;
    this.#options.logger.warn({ endpoint: this.endpoint, from, problem }, "a packet is forged");
  }

  #unreadable({ problem, open }: Extract<ReturnType<typeof decodePacket>, { type: "unreadable" }>, from: Endpoint): void {
    this.#counts.unreadable++;
    this.#options.logger.warn({ endpoint: this.endpoint, from, problem }, "a packet cannot be read");
    if (open === undefined || open.from !== from) return;
    const reset = {
      type: "reset",
      channel: open.channel,
      host: this.#host,
      problem: `${this.endpoint} refuses the packet: ${problem}`,
    } as const;
    this.#options.wire.send(from, encodePacket(reset), { from: this.endpoint });
  }

  #happened(event: WireEvent): void {
    if (event.type === "nobody") this.#outgoing.get(event.to)?.nobody("nobody listens there");
    else if (event.type === "refused" && event.from === this.endpoint) this.#forbidden(event.to);
    else if (event.type === "back") for (const channel of this.#outgoing.values()) channel.back();
  }

  #forbidden(to: Endpoint): void {
    const channel = this.#outgoing.get(to);
    if (channel === undefined) return;
    this.#counts.forbidden++;
    const problem = `the NATS server does not let this process send to ${to}`;
    this.#options.logger.warn({ endpoint: this.endpoint, to }, problem);
    channel.forbidden(problem);
  }

  #newName(): string {
    return Math.floor(this.#options.random.next() * 2 ** 48).toString(36) + Math.floor(this.#options.random.next() * 2 ** 48).toString(36);
  }
}
