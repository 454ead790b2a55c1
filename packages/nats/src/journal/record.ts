import { type Address, decode, encode, type EntryKind, JournalDamagedError, type NewEntry } from "@orgtree/core";
import { crc32 } from "node:zlib";

/**
 * What stands in the messages of a stream. A record is one message, or several pieces when it is larger than a message may be.
 *
 * `opening`: somebody opened the journal; the message's sequence is the epoch. `entries`: some appends, with consecutive positions.
 * `moved`: entries at new places, each with the position that it always had. `compaction`: what is not needed any more, and what
 * would be forgotten with it.
 */
export type StoredRecord =
  | { readonly type: "opening"; readonly owner: string }
  | { readonly type: "entries"; readonly first: number; readonly entries: readonly NewEntry[] }
  | { readonly type: "moved"; readonly entries: readonly PlacedEntry[] }
  | CompactionRecord;

/** An entry with its position. */
export interface PlacedEntry extends NewEntry {
  readonly position: number;
}

/** A compaction, as it is stored. */
export interface CompactionRecord {
  readonly type: "compaction";
  /** Up to this position only what somebody needs is left. */
  readonly horizon: number;
  /** The newest position that there was. */
  readonly last: number;
  /** The last numbers of addresses of which nothing is left. */
  readonly gone: readonly (readonly [Address, number])[];
}

const layoutVersion = 1;
const magic = 0x6f;
const headBytes = 8;
const types = ["opening", "entries", "moved", "compaction"] as const;
const pieceType = 4;
const pieceHeadBytes = 12;
const kinds: readonly EntryKind[] = ["part", "whole", "end"];

type Row = readonly [Address, number, number, Uint8Array, (string | null)?, number?];

/** The bytes of a record: a head of eight bytes (magic, version, type, 0, CRC-32) and the body in msgpack. */
export function encodeRecord(record: StoredRecord): Uint8Array {
  const body = encode(bodyOf(record));
  const bytes = new Uint8Array(headBytes + body.byteLength);
  bytes.set([magic, layoutVersion, types.indexOf(record.type), 0]);
  new DataView(bytes.buffer).setUint32(4, crc32(body));
  bytes.set(body, headBytes);
  return bytes;
}

function bodyOf(record: StoredRecord): unknown {
  if (record.type === "opening") return [record.owner];
  if (record.type === "compaction") return [record.horizon, record.last, record.gone];
  if (record.type === "entries") return [record.first, record.entries.map((entry) => rowOf(entry))];
  return [record.entries.map((entry) => rowOf(entry, entry.position))];
}

function rowOf({ address, seq, kind, mark, data }: NewEntry, position?: number): Row {
  const head = [address, seq, kinds.indexOf(kind), data] as const;
  if (position !== undefined) return [...head, mark ?? null, position];
  return mark === undefined ? head : [...head, mark];
}

/** Reads a record. Throws `JournalDamagedError` naming `place` when it is not what was written, or of a newer version. */
export function decodeRecord(journal: string, bytes: Uint8Array, place: string): StoredRecord {
  const body = bytes.subarray(headBytes);
  if (bytes.byteLength < headBytes || bytes[0] !== magic) throw new JournalDamagedError(journal, `${place} is none of ours`);
  if (bytes[1] !== layoutVersion)
    throw new JournalDamagedError(journal, `${place} is of version ${bytes[1]}, which this program does not know`);
  if (viewOf(bytes).getUint32(4) !== crc32(body)) throw new JournalDamagedError(journal, `${place} is not what was written`);
  const value = decode(body) as readonly unknown[];
  switch (types[bytes[2]!]) {
    case "opening":
      return { type: "opening", owner: value[0] as string };
    case "entries":
      return { type: "entries", first: value[0] as number, entries: (value[1] as readonly Row[]).map(entryOf) };
    case "moved":
      return { type: "moved", entries: (value[0] as readonly Row[]).map(placedEntryOf) };
    case "compaction":
      return { type: "compaction", horizon: value[0] as number, last: value[1] as number, gone: value[2] as CompactionRecord["gone"] };
    default:
      throw new JournalDamagedError(journal, `${place} is of no type that is known`);
  }
}

function entryOf([address, seq, kind, data, mark]: Row): NewEntry {
  return { address, seq, kind: kinds[kind]!, ...(mark === undefined || mark === null ? {} : { mark }), data };
}

function placedEntryOf(row: Row): PlacedEntry {
  return { ...entryOf(row), position: row[5]! };
}

/** The messages of a record: itself, or pieces that are no larger than `most`. */
export function splitRecord(bytes: Uint8Array, most: number): readonly Uint8Array[] {
  if (bytes.byteLength <= most) return [bytes];
  const size = most - pieceHeadBytes;
  const count = Math.ceil(bytes.byteLength / size);
  return Array.from({ length: count }, (_, index) => {
    const part = bytes.subarray(index * size, (index + 1) * size);
    const piece = new Uint8Array(pieceHeadBytes + part.byteLength);
    piece.set([magic, layoutVersion, pieceType, 0]);
    const view = viewOf(piece);
    view.setUint32(4, index);
    view.setUint32(8, count);
    piece.set(part, pieceHeadBytes);
    return piece;
  });
}

/** Which piece of how many a message is; undefined when it is a whole record. */
export function pieceOf(bytes: Uint8Array): { readonly index: number; readonly count: number } | undefined {
  if (bytes[0] !== magic || bytes[2] !== pieceType || bytes.byteLength < pieceHeadBytes) return undefined;
  const view = viewOf(bytes);
  return { index: view.getUint32(4), count: view.getUint32(8) };
}

/** The record that pieces are of. */
export function joinPieces(messages: readonly Uint8Array[]): Uint8Array {
  if (messages.length === 1) return messages[0]!;
  return Buffer.concat(messages.map((piece) => piece.subarray(pieceHeadBytes)));
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
