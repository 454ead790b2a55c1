/** The write-ahead log beside a database, read without SQLite: https://www.sqlite.org/fileformat2.html#walformat */
import { closeSync, fstatSync, openSync, readSync, statSync } from "node:fs";

const headerBytes = 32;
const frameHeaderBytes = 24;
const magicLittle = 0x377f0682;
const magicBig = 0x377f0683;

/** What a log holds of committed pages. */
export interface LogFrames {
  readonly pageBytes: number;
  /** Where the frame with the newest committed content of each page lies in the log. */
  readonly offsets: ReadonlyMap<number, number>;
  /** In each frame of this round of the log; another round begins at its start again. */
  readonly salts: Buffer;
  /** Pages of the database as of the last commit; 0 without one. */
  readonly pageCount: number;
  /** Frames that are not what was written, with committed ones behind them: SQLite ignores all of those. */
  readonly damagedFrames: number;
}

/**
 * Reads the log of a database; undefined where there is none, or none that anybody could read. Nothing locks the log itself, so
 * it may be opened and closed freely.
 */
export function readLog(path: string): LogFrames | undefined {
  const log = `${path}-wal`;
  if ((statSync(log, { throwIfNoEntry: false })?.size ?? 0) < headerBytes) return undefined;
  const descriptor = openSync(log, "r");
  try {
    return new LogScan(descriptor).read();
  } finally {
    closeSync(descriptor);
  }
}

/** A page out of the log; undefined when another round has begun since: all of this one is in the database then. */
export function readFrame(descriptor: number, log: LogFrames, number: number): Buffer | undefined {
  const offset = log.offsets.get(number);
  if (offset === undefined) return undefined;
  const frame = Buffer.alloc(frameHeaderBytes + log.pageBytes);
  readSync(descriptor, frame, 0, frame.length, offset);
  // A frame is written from its beginning on: one whose beginning is still the old one was not touched while it was read.
  readSync(descriptor, frame, 0, frameHeaderBytes, offset);
  return frame.compare(log.salts, 0, 8, 8, 16) === 0 ? frame.subarray(frameHeaderBytes) : undefined;
}

class LogScan {
  readonly #descriptor: number;
  readonly #header = Buffer.alloc(headerBytes);
  readonly #offsets = new Map<number, number>();
  /** Frames of a transaction whose end has not come yet. */
  #open: { readonly page: number; readonly offset: number }[] = [];
  #pageCount = 0;
  #damagedFrames = 0;
  #damagedOpen = 0;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  read(): LogFrames | undefined {
    readSync(this.#descriptor, this.#header, 0, headerBytes, 0);
    const magic = this.#header.readUInt32BE(0);
    if (magic !== magicLittle && magic !== magicBig) return undefined;
    const pageBytes = this.#header.readUInt32BE(8);
    if (pageBytes < 512 || pageBytes > 65_536 || (pageBytes & (pageBytes - 1)) !== 0) return undefined;
    const sum = new LogChecksum(magic === magicLittle);
    sum.add(this.#header.subarray(0, 24));
    // A new log is begun by its header; one that is torn has no frames of its own yet.
    if (!sum.matches(this.#header, 24)) return undefined;
    this.#readFrames(pageBytes, sum);
    const salts = Buffer.from(this.#header.subarray(16, 24));
    return { pageBytes, offsets: this.#offsets, salts, pageCount: this.#pageCount, damagedFrames: this.#damagedFrames };
  }

  #readFrames(pageBytes: number, sum: LogChecksum): void {
    const frame = Buffer.alloc(frameHeaderBytes + pageBytes);
    const { size } = fstatSync(this.#descriptor);
    for (let offset = headerBytes; offset + frame.length <= size; offset += frame.length) {
      if (readSync(this.#descriptor, frame, 0, frame.length, offset) < frame.length) return;
      // Behind the newest transaction lie frames of an earlier round.
      if (frame.compare(this.#header, 16, 24, 8, 16) !== 0) return;
      sum.add(frame.subarray(0, 8));
      sum.add(frame.subarray(frameHeaderBytes));
      const intact = sum.matches(frame, 16);
      // Each sum continues the one before, so that of a damaged frame is taken as it was written.
      if (!intact) sum.set(frame, 16);
      this.#take(frame, { offset, intact });
    }
  }

  #take(frame: Buffer, { offset, intact }: { readonly offset: number; readonly intact: boolean }): void {
    if (!intact) this.#damagedOpen++;
    this.#open.push({ page: frame.readUInt32BE(0), offset });
    const pageCount = frame.readUInt32BE(4);
    if (pageCount === 0 || !intact) return;
    for (const { page, offset } of this.#open) this.#offsets.set(page, offset);
    this.#open = [];
    this.#pageCount = pageCount;
    this.#damagedFrames += this.#damagedOpen;
    this.#damagedOpen = 0;
  }
}

/** The running sum of a log. */
class LogChecksum {
  readonly #little: boolean;
  #first = 0;
  #second = 0;

  constructor(little: boolean) {
    this.#little = little;
  }

  add(bytes: Buffer): void {
    let [first, second] = [this.#first, this.#second];
    for (let at = 0; at < bytes.length; at += 8) {
      first = (first + this.#word(bytes, at) + second) >>> 0;
      second = (second + this.#word(bytes, at + 4) + first) >>> 0;
    }
    this.#first = first;
    this.#second = second;
  }

  matches(bytes: Buffer, at: number): boolean {
    return bytes.readUInt32BE(at) === this.#first && bytes.readUInt32BE(at + 4) === this.#second;
  }

  set(bytes: Buffer, at: number): void {
    this.#first = bytes.readUInt32BE(at);
    this.#second = bytes.readUInt32BE(at + 4);
  }

  #word(bytes: Buffer, at: number): number {
    return this.#little ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at);
  }
}
