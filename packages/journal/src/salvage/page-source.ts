import { closeSync, existsSync, fstatSync, openSync, readSync } from "node:fs";
import { applicationId, pageBytes as ourPageBytes, schemaVersion } from "../sqlite/schema.ts";
import { closeRaw, openRaw } from "../sqlite/held-files.ts";
import { type LogDamage, type LogFrames, readFrame, readLog } from "../sqlite/log-frames.ts";

const magic = "SQLite format 3\0";

/** The header of a database, as far as it can be believed. */
export interface FileHeader {
  /** Undefined when it is not one of ours. */
  readonly version: number | undefined;
  /** True when it is a database, but says that it is of something else. */
  readonly foreign: boolean;
}

/** The pages of a database and its log, read without SQLite: whatever is damaged, the other pages are there. */
export class PageSource implements Disposable {
  readonly pageBytes: number;
  /** Bytes of a page that hold content. */
  readonly usableBytes: number;
  readonly pageCount: number;
  readonly header: FileHeader;
  /** What is wrong with the file as a whole. */
  readonly problems: string[] = [];
  readonly #file: number;
  readonly #logFile: number | undefined;
  readonly #log: LogFrames | undefined;
  readonly #cache = new Map<number, Buffer>();

  /** The log as it was just read; without it that of now. */
  constructor(path: string, log: LogFrames | undefined = readLog(path)) {
    this.#file = openRaw(path);
    this.#log = log;
    this.#logFile = this.#log === undefined || !existsSync(`${path}-wal`) ? undefined : openSync(`${path}-wal`, "r");
    const { size } = fstatSync(this.#file);
    const first = this.#firstBytes();
    this.pageBytes = this.#log?.pageBytes ?? pageBytesOf(first);
    this.usableBytes = this.pageBytes - (isHeader(first) ? (first[20] ?? 0) : 0);
    this.pageCount = Math.max(Math.ceil(size / this.pageBytes), this.#log?.pageCount ?? 0);
    this.header = this.#readHeader(first);
    this.#findProblems(first, size);
  }

  get logDamage(): LogDamage | undefined {
    return this.#log?.damage;
  }

  /** A page as of the last commit, shorter where the file ends in it; undefined where it is not there. Numbers begin with 1. */
  page(number: number): Buffer | undefined {
    const cached = this.#cache.get(number);
    if (cached !== undefined) return cached;
    const page = this.#read(number);
    if (page === undefined) return undefined;
    if (this.#cache.size >= 256) this.#cache.clear();
    this.#cache.set(number, page);
    return page;
  }

  [Symbol.dispose](): void {
    closeRaw(this.#file);
    if (this.#logFile !== undefined) closeSync(this.#logFile);
  }

  #read(number: number): Buffer | undefined {
    const inLog = this.#inLog(number);
    if (inLog !== undefined) return inLog;
    const page = Buffer.alloc(this.pageBytes);
    const count = readSync(this.#file, page, 0, page.length, (number - 1) * this.pageBytes);
    return count === 0 ? undefined : page.subarray(0, count);
  }

  #inLog(number: number): Buffer | undefined {
    return this.#log === undefined ? undefined : readFrame(this.#logFile!, this.#log, number);
  }

  #firstBytes(): Buffer {
    const inLog = this.#inLog(1);
    if (inLog !== undefined) return inLog.subarray(0, 100);
    const first = Buffer.alloc(100);
    readSync(this.#file, first, 0, first.length, 0);
    return first;
  }

  #readHeader(first: Buffer): FileHeader {
    const id = first.readUInt32BE(68);
    return { version: id === applicationId ? first.readUInt32BE(60) : undefined, foreign: isHeader(first) && id !== applicationId };
  }

  #findProblems(first: Buffer, size: number): void {
    if (!isHeader(first)) this.problems.push("its first page is not that of a database");
    else if (this.header.foreign) this.problems.push("its first page says that it is of something else");
    if (this.header.version !== undefined && this.header.version > schemaVersion) {
      this.problems.push(`its first page says that it is of a newer version of orgtree (schema ${this.header.version})`);
    }
    const pages = this.#log?.pageCount || first.readUInt32BE(28);
    const there = Math.floor(size / this.pageBytes);
    if (isHeader(first) && this.#log === undefined && there < pages)
      this.problems.push(`it is cut off: ${there} of ${pages} pages are there`);
    const damage = this.logDamage;
    if (damage !== undefined) this.problems.push(`its log (-wal) is damaged: ${damage.problem}`);
  }
}

function isHeader(first: Buffer): boolean {
  return first.toString("latin1", 0, 16) === magic;
}

function pageBytesOf(first: Buffer): number {
  const stated = first.readUInt16BE(16) === 1 ? 65_536 : first.readUInt16BE(16);
  const isPower = stated >= 512 && (stated & (stated - 1)) === 0;
  return isHeader(first) && isPower ? stated : ourPageBytes;
}
