import {
  type Clock,
  encode,
  type Endpoint,
  type SendOptions,
  type SendOutcome,
  type SendRefusal,
  type TransportReceiver,
  type Wire,
} from "@orgtree/core";
import { epochOf } from "./host-name.ts";
import type { ChannelLimits } from "./limits.ts";
import { type AcksPacket, encodePacket, packetHeadBytes, type Packet } from "./packet.ts";

/** What a channel needs of the system it belongs to. */
export interface OutgoingParts {
  readonly clock: Clock;
  readonly wire: Wire;
  readonly from: Endpoint;
  readonly limits: ChannelLimits;
  readonly receiver: Pick<TransportReceiver, "renewed" | "lost">;
  /** A name for a channel that nobody else has. */
  readonly newName: () => string;
  /** A connection to there ended before, and was forgotten. */
  readonly hadEnded: boolean;
  /** Who is there outlives his process: somebody will be there again, and what is kept for him waits as long as that takes. */
  readonly isLasting: boolean;
  /** Nothing is under way, and nothing waits, for who is not lasting: he may be forgotten. */
  readonly idle: () => void;
}

/** A parcel that was not acknowledged yet. */
interface Waiting extends SendOptions {
  readonly bytes: Uint8Array;
  readonly sinceMs: number;
}

/** A packet on its way. `parcels` are those that end in it. */
interface Sent {
  readonly seq: number;
  readonly packet: Uint8Array;
  readonly parcels: readonly Waiting[];
}

/**
 * One direction to one endpoint: parcels go out in order, and again until they were acknowledged, as in TCP with go-back-N.
 *
 * It is bound to the system that answered its `open`. Where that one is replaced, forgets the channel, or is silent for `lostMs`, the connection
 * has ended: what was under way is told to be unknown, and the next connection begins a channel of another name.
 */
export class Outgoing {
  readonly to: Endpoint;
  readonly #parts: OutgoingParts;
  #channel = "";
  /** Who takes the parcels; undefined while nobody has answered. */
  #host: string | undefined;
  /** The greatest epoch that was heard of at this endpoint: whoever has a smaller one was replaced. */
  #epoch = 0;
  #isOpening = false;
  /** A connection ended: what is kept is sent again when there is another. */
  #hasEnded = false;
  #hasKept = false;
  #queue: Waiting[] = [];
  #queueBytes = 0;
  #sent: Sent[] = [];
  #sentBytes = 0;
  #seq = 0;
  /** Up to here it is known what became of everything. */
  #heard = 0;
  #heardMs = 0;
  #askedMs = 0;
  #retriedMs = 0;
  /** Since when nobody has answered. */
  #awayMs = 0;
  #isAway = false;
  /** Behind which packet one was missing, where that was answered already: every packet behind the gap tells of it. */
  #gapAt = -1;
  #retryMs: number;
  /** What is kept does not ask for a connection by itself: it would be forbidden again, several times a second. */
  #isForbidden = false;
  #isFlushing = false;
  #isClosed = false;
  #cancelTick: (() => void) | undefined;
  #problem = "nobody has answered there";

  constructor(to: Endpoint, parts: OutgoingParts) {
    this.to = to;
    this.#parts = parts;
    this.#hasEnded = parts.hadEnded;
    this.#retryMs = parts.limits.retryMs;
  }

  /** Parcels that were not acknowledged yet. */
  get waiting(): number {
    return this.#queue.length + this.#sent.reduce((count, { parcels }) => count + parcels.length, 0);
  }

  send(body: unknown, options: SendOptions): void {
    const { limits, clock } = this.#parts;
    let bytes: Uint8Array;
    try {
      bytes = encode(body, "the message");
    } catch (error) {
      return refuse(options, "malformed", error instanceof Error ? error.message : String(error));
    }
    if (bytes.byteLength > limits.parcelBytes)
      return refuse(options, "oversized", `it has ${bytes.byteLength} bytes, and ${limits.parcelBytes} go (parcelBytes); send a reference`);
    if (options.isKept === true) {
      this.#hasKept = true;
      // Whoever keeps it sends it again when there is a connection.
      if (this.#hasEnded && this.#host === undefined) return this.#open();
    } else if (this.#queue.length >= limits.queueParcels || this.#queueBytes >= limits.queueBytes) {
      return refuse(options, "overload", `${this.#queue.length} messages wait for ${this.to} already; slow down`);
    }
    this.#queue.push({ ...options, bytes, sinceMs: clock.nowMs() });
    this.#queueBytes += bytes.byteLength;
    if (this.#host === undefined) this.#open();
    else this.#flushSoon();
  }

  /** A packet came from there: of this channel, or of an earlier one. */
  hear(packet: Exclude<Packet, { type: "open" | "data" | "ping" | "close" }>): void {
    if (packet.channel !== this.#channel || this.#isClosed) return;
    const epoch = epochOf(packet.host);
    // Somebody who was replaced, and has not heard of it.
    if (epoch < this.#epoch) return;
    this.#epoch = epoch;
    if (packet.type === "opened") this.#opened(packet.host);
    else if (packet.type === "reset") this.#reset(packet);
    else if (packet.host === this.#host) this.#acknowledged(packet);
  }

  /** Nobody listens there, as far as the wire knows. */
  nobody(problem: string): void {
    this.#problem = problem;
    this.#expire();
  }

  /**
   * Whoever carries the packets does not take them from this process: nothing that waits can go, now or later. What is on its way over an
   * open connection may have gone before that was forbidden: nobody knows. What is kept would wait for ever to be sent again.
   */
  forbidden(problem: string): void {
    let parcels = this.#queue;
    if (this.#host !== undefined) {
      parcels = [...this.#sent.flatMap((sent) => sent.parcels), ...this.#queue].filter((parcel) => parcel.isKept === true);
      this.#end(problem);
    } else {
      this.#setQueue([]);
      this.#isOpening = false;
      this.#isForbidden = true;
    }
    for (const parcel of parcels) refuse(parcel, "forbidden", problem);
  }

  /** The wire is there again. */
  back(): void {
    this.#isForbidden = false;
    if (this.#isOpening) this.#ask();
    else if (this.#host !== undefined) this.#sendAgain();
  }

  /** Sends nothing any more. What is under way is unknown, what waits was not sent. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#cancelTick?.();
    if (this.#host !== undefined) this.#publish({ type: "close", channel: this.#channel });
    const problem = "this system was closed";
    this.#end(problem);
    for (const parcel of this.#queue) tell(parcel, { type: "unreachable", problem });
    this.#setQueue([]);
  }

  #open(): void {
    if (this.#isOpening || this.#isClosed) return;
    this.#isOpening = true;
    this.#isForbidden = false;
    if (!this.#isAway) this.#awayMs = this.#parts.clock.nowMs();
    this.#isAway = true;
    this.#channel = this.#parts.newName();
    this.#ask();
    this.#tickLater();
  }

  #ask(): void {
    this.#askedMs = this.#parts.clock.nowMs();
    if (this.#isOpening) this.#publish({ type: "open", channel: this.#channel, from: this.#parts.from }, true);
    else this.#publish({ type: "ping", channel: this.#channel, from: this.#parts.from, host: this.#host!, heard: this.#heard }, true);
  }

  #opened(host: string): void {
    if (!this.#isOpening) {
      // Its successor has answered too.
      if (host !== this.#host && epochOf(host) > epochOf(this.#host ?? "")) this.#end(`${this.to} has a new host`);
      return;
    }
    this.#isOpening = this.#isAway = false;
    this.#host = host;
    this.#seq = this.#heard = 0;
    this.#gapAt = -1;
    this.#heardMs = this.#retriedMs = this.#parts.clock.nowMs();
    this.#retryMs = this.#parts.limits.retryMs;
    const wasEnded = this.#hasEnded;
    this.#hasEnded = false;
    if (wasEnded) this.#parts.receiver.renewed(this.to);
    this.#flush();
  }

  #reset({ problem }: Extract<Packet, { type: "reset" }>): void {
    this.#problem = problem;
    // A name that is over there is never opened again: it is asked for under another one, in its time.
    if (this.#isOpening) this.#channel = this.#parts.newName();
    else this.#end(problem);
  }

  #acknowledged({ upTo, isGap, refused }: AcksPacket): void {
    this.#heardMs = this.#parts.clock.nowMs();
    const refusals = new Map(refused.map(({ seq, index, refusal }) => [`${seq}.${index}`, refusal]));
    while (this.#sent.length > 0 && this.#sent[0]!.seq <= upTo) {
      const { seq, packet, parcels } = this.#sent.shift()!;
      this.#heard = seq;
      this.#sentBytes -= packet.byteLength;
      this.#retriedMs = this.#heardMs;
      this.#retryMs = this.#parts.limits.retryMs;
      for (const [index, parcel] of parcels.entries()) {
        const refusal = refusals.get(`${seq}.${index}`);
        tell(parcel, refusal === undefined ? { type: "taken" } : { type: "refused", refusal });
      }
    }
    if (isGap && this.#gapAt !== upTo) {
      this.#gapAt = upTo;
      this.#sendAgain();
    }
    this.#flush();
  }

  #flushSoon(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    // What is sent in one go leaves in one packet.
    void Promise.resolve().then(() => this.#flush());
  }

  #flush(): void {
    this.#isFlushing = false;
    const { wire, limits } = this.#parts;
    while (this.#queue.length > 0 && this.#host !== undefined && wire.isConnected) {
      if (this.#sent.length >= limits.windowPackets || this.#sentBytes >= limits.windowBytes) return;
      this.#sendNext();
    }
  }

  /** The next packet of small parcels, or all of a large one. */
  #sendNext(): void {
    const room = Math.min(this.#parts.wire.maxBytes - packetHeadBytes, this.#parts.limits.packetBytes);
    const parcels: Waiting[] = [];
    for (let bytes = 0; parcels.length < this.#queue.length;) {
      const { byteLength } = this.#queue[parcels.length]!.bytes;
      bytes += byteLength + 5;
      if (parcels.length > 0 && bytes > room) break;
      parcels.push(this.#queue[parcels.length]!);
    }
    this.#queue.splice(0, parcels.length);
    for (const { bytes } of parcels) this.#queueBytes -= bytes.byteLength;
    const large = this.#parts.wire.maxBytes - packetHeadBytes;
    const [first] = parcels;
    if (parcels.length > 1 || first!.bytes.byteLength <= large) {
      this.#sendPacket({ parts: parcels.map(({ bytes }) => bytes), isPiece: false }, parcels);
      return;
    }
    for (let at = 0; at < first!.bytes.byteLength; at += large) {
      const isPiece = at + large < first!.bytes.byteLength;
      this.#sendPacket({ parts: [first!.bytes.subarray(at, at + large)], isPiece }, isPiece ? [] : parcels);
    }
  }

  #sendPacket({ parts, isPiece }: { parts: readonly Uint8Array[]; isPiece: boolean }, parcels: readonly Waiting[]): void {
    const seq = ++this.#seq;
    const packet = encodePacket({
      type: "data",
      channel: this.#channel,
      from: this.#parts.from,
      host: this.#host!,
      heard: this.#heard,
      seq,
      isPiece,
      parts,
    });
    if (this.#sent.length === 0) this.#retriedMs = this.#parts.clock.nowMs();
    this.#sent.push({ seq, packet, parcels });
    this.#sentBytes += packet.byteLength;
    this.#parts.wire.send(this.to, packet, { from: this.#parts.from });
    this.#tickLater();
  }

  /** Everything once more, from the first that was not acknowledged. */
  #sendAgain(): void {
    this.#retriedMs = this.#parts.clock.nowMs();
    if (this.#sent.length === 0) return this.#ask();
    const { wire, from } = this.#parts;
    for (const [index, { packet }] of this.#sent.entries()) wire.send(this.to, packet, { from, asks: index === 0 });
  }

  #publish(packet: Packet, asks = false): void {
    this.#parts.wire.send(this.to, encodePacket(packet), { from: this.#parts.from, asks });
  }

  #tickLater(): void {
    if (this.#cancelTick !== undefined || this.#isClosed) return;
    this.#cancelTick = this.#parts.clock.setTimer(this.#parts.limits.retryMs, () => this.#tick());
  }

  /** Looks at the time, several times a second while there is something to look after. */
  #tick(): void {
    this.#cancelTick = undefined;
    const { clock, limits } = this.#parts;
    const nowMs = clock.nowMs();
    if (this.#host === undefined) {
      this.#expire();
      this.#forgetKept();
      const isWanted = this.#queue.length > 0 || (this.#hasEnded && this.#hasKept && !this.#isForbidden);
      if (!isWanted) {
        this.#isOpening = false;
        if (!this.#parts.isLasting) this.#parts.idle();
      }
      if (this.#isOpening) this.#ask();
      else if (isWanted) this.#open();
    } else if (nowMs - this.#heardMs >= limits.lostMs) this.#end(`${this.to} was silent for ${limits.lostMs} ms`);
    else if (this.#sent.length > 0 && nowMs - this.#retriedMs >= this.#retryMs) {
      this.#retryMs = Math.min(2 * this.#retryMs, Math.max(limits.lostMs / 4, limits.retryMs));
      this.#sendAgain();
    } else if (nowMs - Math.max(this.#heardMs, this.#askedMs) >= limits.pingMs) this.#ask();
    if (!this.#parts.wire.isConnected) this.#expire();
    if (this.#host !== undefined || this.#isOpening) this.#tickLater();
  }

  /** Whoever waits for too long is told that nobody is there. */
  #expire(): void {
    const { clock, limits, wire } = this.#parts;
    if (this.#host !== undefined && wire.isConnected) return;
    const sinceMs = clock.nowMs() - limits.graceMs;
    const late = this.#queue.filter((parcel) => parcel.isKept !== true && parcel.sinceMs <= sinceMs);
    if (late.length === 0) return;
    const isLate = new Set(late);
    this.#setQueue(this.#queue.filter((parcel) => !isLate.has(parcel)));
    const problem = wire.isConnected ? this.#problem : "the connection is lost";
    for (const parcel of late) tell(parcel, { type: "unreachable", problem });
  }

  /** A process without a successor does not come back: what is kept for it is of no use any more. */
  #forgetKept(): void {
    const { clock, limits, isLasting, receiver } = this.#parts;
    if (isLasting || !this.#hasKept || clock.nowMs() - this.#awayMs < limits.forgetMs) return;
    this.#hasKept = false;
    this.#setQueue(this.#queue.filter((parcel) => parcel.isKept !== true));
    receiver.lost(this.to, this.#problem);
  }

  /** The connection is over. What is kept is dropped, since it is sent again; of the rest nobody knows whether it arrived. */
  #end(problem: string): void {
    const wasOpen = this.#host !== undefined;
    const sent = this.#sent.flatMap(({ parcels }) => parcels);
    this.#host = undefined;
    this.#isOpening = false;
    this.#sent = [];
    this.#sentBytes = 0;
    this.#problem = problem;
    this.#hasEnded ||= wasOpen;
    this.#isAway = false;
    this.#setQueue(this.#queue.filter((parcel) => parcel.isKept !== true));
    for (const parcel of sent) if (parcel.isKept !== true) tell(parcel, { type: "unknown", problem });
    if (wasOpen && !this.#isClosed) this.#parts.receiver.lost(this.to, problem);
    if (this.#queue.length > 0 || this.#hasKept) this.#open();
    else if (!this.#isClosed && !this.#parts.isLasting) this.#parts.idle();
  }

  #setQueue(queue: Waiting[]): void {
    this.#queue = queue;
    this.#queueBytes = queue.reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
  }
}

function refuse(options: SendOptions, reason: string, problem: string): void {
  const refusal: SendRefusal = { reason, problem };
  tell(options, { type: "refused", refusal });
}

function tell({ ended }: SendOptions, outcome: SendOutcome): void {
  ended?.(outcome);
}
