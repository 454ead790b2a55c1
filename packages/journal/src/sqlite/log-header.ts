import { endianness } from "node:os";
import { LogChecksum, withEachBitFlipped } from "./log-checksum.ts";
import { pageBytes as ourPageBytes } from "./schema.ts";

export const headerBytes = 32;
export const frameHeaderBytes = 24;
const magicLittle = 0x377f0682;
const magicBig = 0x377f0683;

/** The beginning of a log. */
export interface LogHeader {
  readonly pageBytes: number;
  /** In each frame of this round of the log; another round begins at its start again. */
  readonly salts: Buffer;
  /** What the sum of the first frame goes on from. */
  readonly sum: LogChecksum;
  /** It is not what was written; what is said here was found out. */
  readonly isDamaged: boolean;
}

/**
 * Reads the beginning of a log, up to the page of its first frame; undefined when nothing of a log is there.
 *
 * A header is on the disk before the first frame behind it is written. So one that does not fit and has nothing behind it was torn by
 * a power failure, and one that has something behind it is damaged.
 */
export function readHeader(bytes: Buffer): LogHeader | undefined {
  if (bytes.length < headerBytes) return undefined;
  const header = bytes.subarray(0, headerBytes);
  const found = parse(header, "both");
  if (found !== undefined) return { ...found, isDamaged: false };
  const firstFrame = bytes.subarray(headerBytes, headerBytes + frameHeaderBytes);
  if (firstFrame.length < frameHeaderBytes || firstFrame.every((byte) => byte === 0)) return undefined;
  // More than one flipped bit may explain it; the right one has the salts that the frames have.
  const mended = [...candidates(header)].find(({ salts }) => firstFrame.subarray(8, 16).equals(salts));
  if (mended !== undefined) return { ...mended, isDamaged: true };
  const salts = Buffer.from(firstFrame.subarray(8, 16));
  return { pageBytes: ourPageBytes, salts, sum: new LogChecksum(endianness() === "LE"), isDamaged: true };
}

type Parsed = Omit<LogHeader, "isDamaged">;

function* candidates(header: Buffer): Generator<Parsed> {
  const asItIs = parse(header, "one");
  if (asItIs !== undefined) yield asItIs;
  for (const flipped of withEachBitFlipped(Buffer.from(header), 24)) {
    const found = parse(flipped, "both");
    if (found !== undefined) yield found;
  }
}

function parse(header: Buffer, fits: "both" | "one"): Parsed | undefined {
  const magic = header.readUInt32BE(0);
  if (magic !== magicLittle && magic !== magicBig) return undefined;
  const pageBytes = header.readUInt32BE(8);
  if (pageBytes < 512 || pageBytes > 65_536 || (pageBytes & (pageBytes - 1)) !== 0) return undefined;
  const sum = new LogChecksum(magic === magicLittle).add(header.subarray(0, 24));
  return sum.matches(header, 24) === fits ? { pageBytes, salts: Buffer.from(header.subarray(16, 24)), sum } : undefined;
}
