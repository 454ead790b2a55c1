import { crc32 } from "node:zlib";

/** Everything about an entry that its checksum covers. */
export interface ChecksummedEntry {
  readonly position: number;
  readonly address: string;
  readonly seq: number;
  /** How far `seq` is from the number before it; 0 for the first of an address. */
  readonly step: number;
  /** As it is stored: 0 part, 1 whole, 2 end. */
  readonly kind: number;
  readonly mark: string | null;
  readonly data: Uint8Array;
}

/** CRC-32 over all of an entry, as the signed number of 32 bits that takes four bytes in the file. */
export function checksumOf(entry: ChecksummedEntry): number {
  const { position, address, seq, step, kind, mark, data } = entry;
  const head = `${position}|${seq}|${step}|${kind}|${mark === null ? "" : `=${mark}`}|${address}`;
  return crc32(data, crc32(head)) | 0;
}

/** Over the row of a journal; see `JournalRow`. */
export function checksumOfJournal(row: {
  readonly epoch: number;
  readonly lastPosition: number;
  readonly writer: string | null;
  readonly horizon: number;
  readonly mended: number;
  readonly run: string;
}): number {
  const { epoch, lastPosition, writer, horizon, mended, run } = row;
  return crc32(JSON.stringify([epoch, lastPosition, writer, horizon, mended, run])) | 0;
}

/** Over the row of an address. */
export function checksumOfAddress(address: string, lastSeq: number): number {
  return crc32(`${lastSeq}|${address}`) | 0;
}
