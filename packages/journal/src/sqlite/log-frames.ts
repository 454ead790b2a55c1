/**
 * The write-ahead log beside a database, read without SQLite: https://www.sqlite.org/fileformat2.html#walformat
 *
 * SQLite takes the log up to the first frame that does not fit, and forgets the rest. Most often that is right:
 *   F1. Behind the newest transaction lie frames of earlier rounds, under other salts; all of them are in the database.
 *   F2. A transaction that was cut off, or failed, leaves frames that no commit follows, or the remains of one behind a newer transaction;
 *       several that failed, each shorter than the one before, leave the remains of each. Of more than one only the index tells.
 *   F3. A power failure leaves any part of the newest transaction, which was not synced yet; also its end without its middle.
 * What no writer leaves behind is damage, and what was acknowledged lies behind it or in it:
 *   D1. A header that does not fit, with frames behind it: it is synced before the first of them.
 *   D2. A frame whose sum goes on from the one before it, under other salts, or but for one bit of its header.
 *   D3. A frame that does not fit, with more behind it than the rest of its own transaction: each is synced before the next begins.
 *   D4. Fewer frames than its index (-shm) says were committed.
 * So damage within the page of a frame of the newest transaction cannot be told from F3, where there is no index.
 */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { LogChecksum, withEachBitFlipped } from "./log-checksum.ts";
import { frameHeaderBytes, headerBytes, type LogHeader, readHeader } from "./log-header.ts";
import { type LogIndex, readLogIndex } from "./log-index.ts";
import { sizeBeside } from "./plain-file.ts";

/** What a log holds of committed pages. */
export interface LogFrames {
  readonly pageBytes: number;
  /** The frame with the newest committed content of each page. */
  readonly frames: ReadonlyMap<number, LogFrame>;
  /** Pages of the database as of the last commit; 0 without one. */
  readonly pageCount: number;
  /** What of the log is not what was written, with stored entries in it or behind it; undefined when it is sound. */
  readonly damage: LogDamage | undefined;
}

/** What is wrong with a log. */
export interface LogDamage {
  readonly problem: string;
  /** What was written is known all the same, and nothing is lost. */
  readonly isMended: boolean;
}

/** Where a frame lies in the log, and its salts and sum there. */
export interface LogFrame {
  readonly offset: number;
  readonly seal: Buffer;
}

/** A frame that somebody is just writing, or a round that just begins, looks damaged; twice the same does not. */
const attempts = 5;

/**
 * Reads the log of a database; undefined where there is none, or none that anybody could read. Nothing locks the log itself, so
 * it may be opened and closed freely.
 */
export function readLog(path: string, index: LogIndex | undefined = readLogIndex(path)): LogFrames | undefined {
  const log = `${path}-wal`;
  if (sizeBeside(path, "-wal") < headerBytes) return undefined;
  const descriptor = openSync(log, "r");
  try {
    let found = readOnce(descriptor, index);
    for (let left = attempts; found?.damage !== undefined && left > 0; left--) {
      const again = readOnce(descriptor, index);
      if (again?.damage?.problem === found.damage.problem) return again;
      found = again;
    }
    return found;
  } finally {
    closeSync(descriptor);
  }
}

/** A page out of the log; undefined when another round has begun since: all of this one is in the database then. */
export function readFrame(descriptor: number, log: LogFrames, number: number): Buffer | undefined {
  const found = log.frames.get(number);
  if (found === undefined) return undefined;
  const frame = Buffer.alloc(frameHeaderBytes + log.pageBytes);
  readSync(descriptor, frame, 0, frame.length, found.offset);
  // A frame is written from its beginning on: one whose beginning is still the old one was not touched while it was read.
  readSync(descriptor, frame, 0, frameHeaderBytes, found.offset);
  return frame.subarray(8, frameHeaderBytes).equals(found.seal) ? frame.subarray(frameHeaderBytes) : undefined;
}

function readOnce(descriptor: number, index: LogIndex | undefined): LogFrames | undefined {
  const header = readHeader(readStart(descriptor));
  if (header === undefined) return undefined;
  return new LogScan(descriptor, header, index !== undefined && index.salts.equals(header.salts) ? index.committed : 0).read();
}

function readStart(descriptor: number): Buffer {
  const bytes = Buffer.alloc(headerBytes + frameHeaderBytes);
  return bytes.subarray(0, readSync(descriptor, bytes, 0, bytes.length, 0));
}

/** A frame of this round, whatever became of it. */
interface Frame extends LogFrame {
  readonly page: number;
  /** Not 0 at the end of a transaction. */
  readonly pageCount: number;
  /**
   * `mended`: it is damaged, and what was written is known; `unclear`: it is damaged, and more than one thing may have been written;
   * `broken`: nothing of it can be believed.
   */
  readonly state: "intact" | "mended" | "unclear" | "broken";
}

class LogScan {
  readonly #descriptor: number;
  readonly #header: LogHeader;
  readonly #sum: LogChecksum;
  /** Frames that were committed at least; 0 where nothing tells. */
  readonly #indexed: number;
  readonly #frames = new Map<number, LogFrame>();
  /** Of the transaction whose end has not come yet, and of those in doubt before it. */
  #open: Frame[] = [];
  /** Ends of transactions since a frame that did not fit; undefined while all fit. */
  #doubtfulEnds: number | undefined;
  #pageCount = 0;
  #brokenFrames = 0;
  #mendedFrames = 0;
  /** Number of the newest frame that counts as committed; the first is 1. */
  #committed = 0;

  constructor(descriptor: number, header: LogHeader, indexed: number) {
    this.#descriptor = descriptor;
    this.#header = header;
    this.#sum = header.sum;
    this.#indexed = indexed;
  }

  read(): LogFrames {
    this.#readFrames();
    const missing = Math.max(0, this.#indexed - this.#committed);
    const isDamage = this.#open.some(({ state }) => state === "mended" || state === "unclear");
    // Who has lost the header knows of no first transaction that it fits.
    if (isDamage || missing > 0 || this.#header.isDamaged) this.#takeOpen();
    const { pageBytes } = this.#header;
    return { pageBytes, frames: this.#frames, pageCount: this.#pageCount, damage: this.#damage(missing) };
  }

  #damage(missing: number): LogDamage | undefined {
    const problems = [
      ...(this.#header.isDamaged ? ["its first bytes are not what was written"] : []),
      ...(this.#mendedFrames > 0 ? [`${this.#mendedFrames} pages in it have one wrong bit`] : []),
      ...(this.#brokenFrames > 0 ? [`${this.#brokenFrames} pages in it are not what was written, with stored entries behind them`] : []),
      ...(missing > 0 ? [`the newest ${missing} pages that were stored are not there, or not what was written`] : []),
    ];
    if (problems.length === 0) return undefined;
    return { problem: problems.join("; "), isMended: missing + this.#brokenFrames === 0 };
  }

  #readFrames(): void {
    const frame = Buffer.alloc(frameHeaderBytes + this.#header.pageBytes);
    const { size } = fstatSync(this.#descriptor);
    let isBehind = false;
    for (let offset = headerBytes; offset + frame.length <= size; offset += frame.length) {
      // Behind the end of this round most are of earlier ones, and need not be read.
      const count = isBehind ? frameHeaderBytes : frame.length;
      if (readSync(this.#descriptor, frame, 0, count, offset) < count) return;
      const isOurs = frame.compare(this.#header.salts, 0, 8, 8, 16) === 0;
      if (isBehind && !isOurs) continue;
      if (isBehind && readSync(this.#descriptor, frame, 0, frame.length, offset) < frame.length) return;
      const found = this.#judge(frame, { offset, isOurs });
      isBehind = found === undefined;
      if (found === undefined) this.#doubtfulEnds ??= 0;
      else this.#take(found);
    }
  }

  /** Undefined for a frame that is of another round, or of which nothing tells that it is of this one. */
  #judge(frame: Buffer, { offset, isOurs }: { readonly offset: number; readonly isOurs: boolean }): Frame | undefined {
    const seal = Buffer.from(frame.subarray(8, frameHeaderBytes));
    const toFrame = (state: Frame["state"]): Frame => {
      return { page: frame.readUInt32BE(0), pageCount: frame.readUInt32BE(4), offset, seal, state };
    };
    const before = this.#sum.copy();
    const fits = this.#sum.add(frame.subarray(0, 8)).add(frame.subarray(frameHeaderBytes)).matches(frame, 16);
    if (fits === "both") return toFrame(isOurs ? "intact" : "mended");
    // Or it is the last word of the page.
    if (fits === "one" && isOurs) return toFrame("unclear");
    const [found, ...others] = isOurs ? this.#flips(frame, before) : [];
    if (found !== undefined) {
      this.#sum.set(frame, 16);
      return { ...found, offset, seal, state: others.length > 0 ? "unclear" : "mended" };
    }
    // Each sum continues the one before, so that of a damaged frame is taken as it was written.
    this.#sum.set(frame, 16);
    return isOurs ? toFrame("broken") : undefined;
  }

  /** What may have been written where one bit of it is wrong. */
  #flips(frame: Buffer, before: LogChecksum): readonly Pick<Frame, "page" | "pageCount">[] {
    const found: Pick<Frame, "page" | "pageCount">[] = [];
    for (const flipped of withEachBitFlipped(frame, 8)) {
      const sum = before.copy().add(flipped.subarray(0, 8)).add(flipped.subarray(frameHeaderBytes));
      if (sum.matches(flipped, 16) === "both") found.push({ page: flipped.readUInt32BE(0), pageCount: flipped.readUInt32BE(4) });
    }
    return found;
  }

  #take(frame: Frame): void {
    this.#open.push(frame);
    // Right behind all that was committed the remains of one after the other may begin.
    const isRemains = this.#indexed > 0 && this.#committed === this.#indexed;
    if (frame.state === "broken") this.#doubtfulEnds = isRemains ? 0 : (this.#doubtfulEnds ?? 0);
    if (frame.pageCount === 0) return;
    if (this.#doubtfulEnds !== undefined) this.#doubtfulEnds++;
    const isRest = this.#doubtfulEnds === 1;
    if (frame.state !== "broken" && !isRest) this.#takeOpen();
  }

  /** Takes all up to the newest end of a transaction. */
  #takeOpen(): void {
    const taken = this.#open.slice(0, this.#open.findLastIndex(({ pageCount }) => pageCount > 0) + 1);
    const newest = taken.at(-1);
    if (newest === undefined) return;
    for (const { page, offset, seal } of taken) this.#frames.set(page, { offset, seal });
    const count = (wanted: Frame["state"]): number => taken.filter(({ state }) => state === wanted).length;
    this.#mendedFrames += count("mended");
    this.#pageCount = taken.findLast(({ pageCount, state }) => pageCount > 0 && state !== "broken")?.pageCount ?? this.#pageCount;
    const committed = (newest.offset - headerBytes) / (frameHeaderBytes + this.#header.pageBytes) + 1;
    // Some are not even there, but for a place between the others.
    this.#brokenFrames += committed - this.#committed - count("intact") - count("mended");
    this.#committed = committed;
    this.#open = [];
    this.#doubtfulEnds = undefined;
  }
}
