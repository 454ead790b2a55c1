import { closeSync, openSync, readSync } from "node:fs";
import { endianness } from "node:os";
import { LogChecksum } from "./log-checksum.ts";
import { sizeBeside } from "./plain-file.ts";

const copyBytes = 48;

/** How far a log was committed, as the index beside it (-shm) says. */
export interface LogIndex {
  /** Frames, in this round of the log. */
  readonly committed: number;
  readonly salts: Buffer;
}

/**
 * Reads the index of a log: https://www.sqlite.org/walformat.html#the_wal_index_file_format. It is of the machine that wrote it, survives the
 * process, and may be anything after a power failure; undefined when it is not there, or not whole. Read it before the log, to which
 * somebody may be writing.
 */
export function readLogIndex(path: string): LogIndex | undefined {
  if (sizeBeside(path, "-shm") < 2 * copyBytes) return undefined;
  const bytes = Buffer.alloc(2 * copyBytes);
  const descriptor = openSync(`${path}-shm`, "r");
  try {
    readSync(descriptor, bytes, 0, bytes.length, 0);
  } finally {
    closeSync(descriptor);
  }
  const isLittle = endianness() === "LE";
  // Whoever writes it writes one copy after the other.
  if (bytes.compare(bytes, copyBytes, 2 * copyBytes, 0, copyBytes) !== 0) return undefined;
  const sum = new LogChecksum(isLittle).add(bytes.subarray(0, 40));
  const stored = Buffer.from(bytes.subarray(40, copyBytes));
  if (isLittle) stored.swap32();
  if (sum.matches(stored, 0) !== "both") return undefined;
  const committed = isLittle ? bytes.readUInt32LE(16) : bytes.readUInt32BE(16);
  return { committed, salts: Buffer.from(bytes.subarray(32, 40)) };
}
