import { decodePacket } from "@orgtree/cluster";
import { decode } from "@orgtree/core";
import { readParcel } from "@orgtree/runtime";

/** A packet as people read it: plain data, but for bytes that nobody can read. */
export interface ReadPacket {
  /** As in `Packet`, or `unreadable`. */
  readonly type: string;
  readonly channel?: string | undefined;
  /** Its fields, but for its parts. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** What it brings: each parcel, or what is known of a piece of one. */
  readonly parcels: readonly Readonly<Record<string, unknown>>[];
}

/** A parcel that comes in pieces. */
interface Pieces {
  seq: number;
  parts: Uint8Array[];
  bytes: number;
}

/** Channels of which pieces are kept, and bytes of pieces, so that who only looks does not grow. */
const mostChannels = 64;
const mostBytes = 4_194_304;

/** Reads packets one after the other, and puts the parcels together that come in several. Never throws. */
export class PacketReader {
  readonly #pieces = new Map<string, Pieces>();

  read(bytes: Uint8Array): ReadPacket {
    const packet = decodePacket(bytes);
    if (packet.type === "unreadable") return { type: packet.type, fields: { problem: packet.problem }, parcels: [] };
    if (packet.type !== "data") {
      const { type, channel, ...fields } = packet;
      return { type, channel, fields, parcels: [] };
    }
    const { type, channel, parts, ...fields } = packet;
    const { seq, isPiece } = fields;
    const begun = this.#pieces.get(channel);
    this.#pieces.delete(channel);
    const isNext = begun !== undefined && begun.seq + 1 === seq;
    const parcels = parts.map((part, at) => {
      const before = at === 0 && isNext ? begun : undefined;
      const isLast = at === parts.length - 1;
      if (isLast && isPiece) return this.#keep(channel, { seq, part, before });
      return before === undefined ? readBody(part) : readBody(Buffer.concat([...before.parts, part]));
    });
    return { type, channel, fields, parcels };
  }

  #keep(
    channel: string,
    { seq, part, before }: { readonly seq: number; readonly part: Uint8Array; readonly before: Pieces | undefined },
  ): Readonly<Record<string, unknown>> {
    const bytes = (before?.bytes ?? 0) + part.byteLength;
    if (bytes <= mostBytes) {
      this.#pieces.set(channel, { seq, parts: [...(before?.parts ?? []), new Uint8Array(part)], bytes });
      if (this.#pieces.size > mostChannels) this.#pieces.delete(this.#pieces.keys().next().value!);
    }
    return { type: "piece", bytes: part.byteLength };
  }
}

function readBody(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    return { ...readParcel(decode(bytes)) };
  } catch (error) {
    return { type: "unreadable", bytes: bytes.byteLength, problem: error instanceof Error ? error.message : String(error) };
  }
}
