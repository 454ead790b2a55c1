import { type Clock, decode, type Endpoint, type SendRefusal, type TransportReceiver, type Wire } from "@orgtree/core";
import { epochOf } from "./host-name.ts";
import type { ChannelLimits } from "./limits.ts";
import { type DataPacket, encodePacket, type Packet, type RefusedParcel } from "./packet.ts";

/** What the receiving side of channels needs. */
export interface IncomingParts {
  readonly clock: Clock;
  readonly wire: Wire;
  readonly limits: ChannelLimits;
  readonly receiver: Pick<TransportReceiver, "receive">;
  readonly at: Endpoint;
  /** The name of this system, see `hostName`. */
  readonly host: string;
  /** Something came that had come before, on a channel that is over. */
  readonly replayed: (from: Endpoint) => void;
  /** A parcel was not wanted. */
  readonly refused: (reason: string) => void;
}

/** Channels that are over of which it is remembered. */
const mostOver = 10_000;

/** A channel of somebody who sends to us. */
interface Source {
  readonly from: Endpoint;
  /** The newest packet that has arrived. */
  seq: number;
  /** Of a parcel that is not whole yet. */
  pieces: Uint8Array[];
  pieceBytes: number;
  /** What was not wanted, until the sender has heard of it: an acknowledgement may be lost. */
  refused: RefusedParcel[];
}

/** All channels on which others send to this system: takes their packets in order, each once, and says how far it has come. */
export class Incoming {
  readonly #parts: IncomingParts;
  /** By name; the one that was used longest ago is the first. */
  readonly #sources = new Map<string, Source>();
  /** Names of channels that are over, the newest last: nobody uses one again, but what was sent on it may come once more. */
  readonly #over = new Set<string>();
  readonly #dirty = new Set<string>();
  #cancelAcks: (() => void) | undefined;

  constructor(parts: IncomingParts) {
    this.#parts = parts;
  }

  hear(packet: Extract<Packet, { type: "open" | "data" | "ping" }>): void {
    switch (packet.type) {
      case "open":
        return this.#open(packet.channel, packet.from);
      case "data":
        return this.#data(packet);
      case "ping":
        return this.#ping(packet);
      default:
        return packet satisfies never;
    }
  }

  #open(channel: string, from: Endpoint): void {
    const { host, limits } = this.#parts;
    if (this.#over.has(channel)) {
      this.#parts.replayed(from);
      return this.#reset(channel, from, "the channel is over");
    }
    if (!this.#sources.has(channel)) {
      this.#sources.set(channel, { from, seq: 0, pieces: [], pieceBytes: 0, refused: [] });
      if (this.#sources.size > limits.channels) this.#forget(this.#sources.keys().next().value!, "the channel was forgotten");
    }
    this.#publish(from, { type: "opened", channel, host });
  }

  /** Whoever sends on a channel has closed it. */
  close(channel: string, from: Endpoint): void {
    if (this.#sources.get(channel)?.from === from) this.#close(channel);
  }

  #close(channel: string): void {
    if (this.#sources.delete(channel)) this.#over.add(channel);
    if (this.#over.size > mostOver) this.#over.delete(this.#over.values().next().value!);
    this.#dirty.delete(channel);
  }

  /** Somebody asks whether we are there, and how far we are. */
  #ping(packet: Extract<Packet, { type: "ping" }>): void {
    const source = this.#sourceOf(packet);
    if (source !== undefined) this.#acknowledge(packet.channel, source);
  }

  #data(packet: DataPacket): void {
    const { channel, seq } = packet;
    const source = this.#sourceOf(packet);
    if (source === undefined) return;
    const isGap = seq > source.seq + 1;
    if (seq === source.seq + 1) {
      source.seq = seq;
      this.#take(source, packet);
    }
    if (isGap || source.refused.length > 0) this.#acknowledge(channel, source, isGap);
    else this.#acknowledgeLater(channel);
  }

  /** Says nothing any more. */
  stop(): void {
    this.#cancelAcks?.();
    for (const [channel, source] of this.#sources) if (this.#dirty.has(channel)) this.#acknowledge(channel, source);
    for (const channel of Array.from(this.#sources.keys())) this.#forget(channel, `${this.#parts.at} was closed`);
  }

  /** Whose packet it is; where we do not know, or it is meant for somebody whom we have replaced, its sender is told. */
  #sourceOf({ channel, from, host, heard }: DataPacket | Extract<Packet, { type: "ping" }>): Source | undefined {
    const source = this.#sources.get(channel);
    const isOurs = host === this.#parts.host && (source === undefined || source.from === from);
    if (isOurs && source !== undefined) {
      this.#sources.delete(channel);
      this.#sources.set(channel, source);
      if (source.refused.length > 0) source.refused = source.refused.filter(({ seq }) => seq > heard);
      return source;
    }
    // What is for a system that came after us is not ours to answer: we were replaced.
    if (isOurs) {
      if (this.#over.has(channel)) this.#parts.replayed(from);
      this.#reset(channel, from, "the channel is not known any more");
    } else if (epochOf(host) <= epochOf(this.#parts.host)) this.#reset(channel, from, "another system hosts it now");
    return undefined;
  }

  #take(source: Source, { seq, parts, isPiece }: DataPacket): void {
    for (const [index, part] of parts.entries()) {
      if (isPiece && index === parts.length - 1) {
        source.pieces.push(part);
        source.pieceBytes += part.byteLength;
        if (source.pieceBytes > this.#parts.limits.parcelBytes) source.pieces = [];
        continue;
      }
      const refusal = this.#receive(source, part);
      if (refusal === undefined) continue;
      source.refused.push({ seq, index, refusal });
      this.#parts.refused(refusal.reason);
    }
  }

  #receive(source: Source, part: Uint8Array): SendRefusal | undefined {
    const { limits, receiver } = this.#parts;
    const total = source.pieceBytes + part.byteLength;
    const bytes = source.pieceBytes === 0 ? part : Buffer.concat([...source.pieces, part]);
    source.pieces = [];
    source.pieceBytes = 0;
    if (total > limits.parcelBytes)
      return { reason: "oversized", problem: `it has ${total} bytes, and ${limits.parcelBytes} go (parcelBytes)` };
    try {
      return receiver.receive(decode(bytes), source.from);
    } catch (error) {
      return { reason: "malformed", problem: error instanceof Error ? error.message : String(error) };
    }
  }

  #acknowledgeLater(channel: string): void {
    this.#dirty.add(channel);
    this.#cancelAcks ??= this.#parts.clock.setTimer(this.#parts.limits.ackMs, () => {
      this.#cancelAcks = undefined;
      for (const each of this.#dirty) {
        const dirty = this.#sources.get(each);
        if (dirty !== undefined) this.#acknowledge(each, dirty);
      }
      this.#dirty.clear();
    });
  }

  #acknowledge(channel: string, { seq: upTo, refused, from }: Source, isGap = false): void {
    this.#dirty.delete(channel);
    this.#publish(from, { type: "acks", channel, host: this.#parts.host, upTo, isGap, refused });
  }

  #forget(channel: string, problem: string): void {
    const source = this.#sources.get(channel)!;
    this.#close(channel);
    this.#reset(channel, source.from, problem);
  }

  #reset(channel: string, to: Endpoint, problem: string): void {
    this.#publish(to, { type: "reset", channel, host: this.#parts.host, problem });
  }

  #publish(to: Endpoint, packet: Packet): void {
    this.#parts.wire.send(to, encodePacket(packet), { from: this.#parts.at });
  }
}
