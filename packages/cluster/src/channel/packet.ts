import { decode, encode, type Endpoint, type SendRefusal } from "@orgtree/core";

/** The version of the format of packets. A packet of another version is answered, never read. */
const packetVersion = 1;

/**
 * What goes over a wire between two systems. All have a channel: a name that the sender made up, for one direction between two systems.
 *
 * `open` asks whether somebody is there, `opened` says who: `host` is the name of a system while it listens there. `data` is a part
 * of the stream of parcels of a channel; `acks` says up to where it has arrived, and which parcels were not wanted. `ping` asks for that.
 * `reset` says that the channel is not known (any more), or not understood; `close` that it is over.
 */
export type Packet =
  | { readonly type: "open"; readonly channel: string; readonly from: Endpoint }
  | { readonly type: "opened"; readonly channel: string; readonly host: string }
  | DataPacket
  | AcksPacket
  | { readonly type: "ping"; readonly channel: string; readonly from: Endpoint; readonly host: string; readonly heard: number }
  | { readonly type: "reset"; readonly channel: string; readonly host: string; readonly problem: string }
  | { readonly type: "close"; readonly channel: string };

/** A part of the stream of parcels. */
export interface DataPacket {
  readonly type: "data";
  readonly channel: string;
  readonly from: Endpoint;
  /** Who is meant to take it: nobody else does. */
  readonly host: string;
  /** The sender has heard what became of everything up to here. */
  readonly heard: number;
  /** Its number in the stream, from 1. */
  readonly seq: number;
  /** Its last part goes on in the next packet. */
  readonly isPiece: boolean;
  /** The bytes of bodies of parcels, at least one. */
  readonly parts: readonly Uint8Array[];
}

/** How far the stream has arrived. */
export interface AcksPacket {
  readonly type: "acks";
  readonly channel: string;
  readonly host: string;
  /** Everything up to here has arrived. */
  readonly upTo: number;
  /** Something later has arrived, and was dropped: it has to come again, in order. */
  readonly isGap: boolean;
  /** All of which the sender may not have heard yet. */
  readonly refused: readonly RefusedParcel[];
}

/** A parcel that was not wanted: which one of which packet. */
export interface RefusedParcel {
  readonly seq: number;
  readonly index: number;
  readonly refusal: SendRefusal;
}

/** What a packet needs beside its data, at most, in bytes. */
export const packetHeadBytes = 256;

const types = ["open", "opened", "data", "acks", "ping", "reset", "close"] as const;

/** Bytes that say how long the head is. */
const lengthBytes = 4;

/**
 * A packet as bytes: the length of its head (32 bits, the first the highest), the head, and the bytes of its parts, one after the other. The
 * head is an array whose first fields are the version and the type; the third is the channel in every version.
 */
export function encodePacket(packet: Packet): Uint8Array {
  const head = encode([packetVersion, types.indexOf(packet.type), packet.channel, ...fieldsOf(packet)]);
  const parts = packet.type === "data" ? packet.parts : [];
  let at = lengthBytes + head.byteLength;
  const bytes = new Uint8Array(parts.reduce((sum, { byteLength }) => sum + byteLength, at));
  writeLength(bytes, head.byteLength);
  bytes.set(head, lengthBytes);
  for (const part of parts) {
    bytes.set(part, at);
    at += part.byteLength;
  }
  return bytes;
}

function writeLength(bytes: Uint8Array, length: number): void {
  for (let at = 0; at < lengthBytes; at++) bytes[at] = length >>> (24 - 8 * at);
}

function readLength(bytes: Uint8Array): number {
  let length = 0;
  for (let at = 0; at < lengthBytes; at++) length = length * 256 + (bytes[at] ?? 0);
  return length;
}

function fieldsOf(packet: Packet): readonly unknown[] {
  switch (packet.type) {
    case "open":
      return [packet.from];
    case "opened":
      return [packet.host];
    case "ping":
      return [packet.from, packet.host, packet.heard];
    case "data":
      return [packet.from, packet.host, packet.heard, packet.seq, packet.isPiece, ...packet.parts.map(({ byteLength }) => byteLength)];
    case "acks":
      return [packet.host, packet.upTo, packet.isGap, ...packet.refused.map(refusedFields)];
    case "reset":
      return [packet.host, packet.problem];
    case "close":
      return [];
    default:
      return packet satisfies never;
  }
}

function refusedFields({ seq, index, refusal: { reason, problem, detail } }: RefusedParcel): readonly unknown[] {
  return detail === undefined ? [seq, index, reason, problem] : [seq, index, reason, problem, detail];
}

/** A packet that cannot be read, and as much of it as is needed to say so to its sender. */
export interface UnreadablePacket {
  readonly type: "unreadable";
  readonly problem: string;
  /** Of an `open` in another version: who asks to be answered. */
  readonly open: { readonly channel: string; readonly from: Endpoint } | undefined;
}

/** Reads a packet. Never throws: whoever can send may send anything. */
export function decodePacket(bytes: Uint8Array): Packet | UnreadablePacket {
  let fields: unknown;
  const end = lengthBytes + readLength(bytes);
  try {
    fields = decode(bytes.subarray(lengthBytes, end));
  } catch (error) {
    return unreadable(error instanceof Error ? error.message : String(error));
  }
  if (!Array.isArray(fields) || !isCount(fields[0]) || !isCount(fields[1])) return unreadable("it is no packet");
  const [version, type, channel, ...rest] = fields as readonly unknown[];
  if (version !== packetVersion) {
    const problem = `it is of version ${String(version)}, and this program speaks version ${packetVersion}`;
    const isOpen = type === 0 && isName(channel) && isName(rest[0]);
    return { type: "unreadable", problem, open: isOpen ? { channel: channel, from: rest[0] as Endpoint } : undefined };
  }
  const name = types[type as number];
  const packet = name === undefined || !isName(channel) ? undefined : readFields(name, channel, { rest, tail: bytes.subarray(end) });
  return packet ?? unreadable(`its fields are not those of ${name ?? `type ${String(type)}`}`);
}

/** What is behind the channel: in the head, and behind the head. */
interface Rest {
  readonly rest: readonly unknown[];
  readonly tail: Uint8Array;
}

function readFields(type: Packet["type"], channel: string, { rest, tail }: Rest): Packet | undefined {
  const [first] = rest;
  if (type === "close") return { type, channel };
  if (!isName(first)) return undefined;
  switch (type) {
    case "open":
      return { type, channel, from: first };
    case "opened":
      return { type, channel, host: first };
    case "ping": {
      const [, host, heard] = rest;
      return isName(host) && isCount(heard) ? { type, channel, from: first, host, heard } : undefined;
    }
    case "reset":
      return typeof rest[1] === "string" ? { type, channel, host: first, problem: rest[1] } : undefined;
    case "data": {
      const [, host, heard, seq, isPiece, ...lengths] = rest;
      if (!isName(host) || !isCount(heard) || !isCount(seq) || typeof isPiece !== "boolean") return undefined;
      const parts = readParts(lengths, tail);
      return parts === undefined ? undefined : { type, channel, from: first, host, heard, seq, isPiece, parts };
    }
    case "acks": {
      const [, upTo, isGap, ...refused] = rest;
      if (!isCount(upTo) || typeof isGap !== "boolean" || !refused.every(isRefused)) return undefined;
      return { type, channel, host: first, upTo, isGap, refused: refused.map(readRefused) };
    }
    default:
      return type satisfies never;
  }
}

/** The parts behind the head; undefined where they are not as long as it says. */
function readParts(lengths: readonly unknown[], tail: Uint8Array): readonly Uint8Array[] | undefined {
  if (lengths.length === 0 || !lengths.every(isCount)) return undefined;
  let at = 0;
  const parts = lengths.map((length) => tail.subarray(at, (at += length)));
  return at === tail.byteLength ? parts : undefined;
}

type RefusedFields = readonly [seq: number, index: number, reason: string, problem: string, detail?: unknown];

function isRefused(fields: unknown): fields is RefusedFields {
  return Array.isArray(fields) && isCount(fields[0]) && isCount(fields[1]) && fields.slice(2, 4).every((text) => typeof text === "string");
}

function readRefused([seq, index, reason, problem, detail]: RefusedFields): RefusedParcel {
  return { seq, index, refusal: detail === undefined ? { reason, problem } : { reason, problem, detail } };
}

function unreadable(problem: string): UnreadablePacket {
  return { type: "unreadable", problem, open: undefined };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isName(value: unknown): value is string {
  return typeof value === "string" && value !== "" && value.length <= 64;
}
