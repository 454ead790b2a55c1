/**
 * The content of an entry as it lies in its row: a message and the state that took it up hold the same text, and of two copies
 * one is enough.
 *
 * How a content is stored is told by the number of the entry's kind, so an entry that is stored as it is takes no byte more, and
 * what was written before there was compression is read as it always was. The checksum is over what is stored.
 */
import type { EntryKind } from "@orgtree/core";
// As a whole: an older Node, which is told by `node-sqlite.ts` that it is one, has not all of its functions.
import * as zlib from "node:zlib";

/** As numbers in the file; 0 and 1 take no byte there. */
export const kinds: readonly EntryKind[] = ["part", "whole", "end"];

/** Numbers of the kinds, and the place of a fourth. */
const kindNumbers = 4;

const asItIs = 0;
const deflated = 1;
const zstandard = 2;

/** Content with fewer bytes is stored as it is: little would be saved, for more time than the saved bytes take to be written. */
const leastBytes = 1_024;
/** From here on Zstandard is faster than deflate, and sees copies that are too far apart for it; below it takes longer to begin. */
const zstandardBytes = 8_192;
/** Content with more bytes is stored as it is, so that nothing in a damaged or forged file can unfold to more. */
const mostBytes = 67_108_864;

/** Content in the form in which it is stored. */
export interface StoredContent {
  /** The kind of the entry, and the form of its content. */
  readonly kind: number;
  readonly data: Uint8Array;
}

/** The kind behind a stored number; undefined for one that stands for none. */
export function kindOf(stored: number): EntryKind | undefined {
  return stored >= 0 && stored < (zstandard + 1) * kindNumbers ? kinds[stored % kindNumbers] : undefined;
}

/** The content in the form that takes fewest bytes, as far as it is worth the time. */
export function compress(content: StoredContent): StoredContent {
  const { kind, data } = content;
  if (data.byteLength < leastBytes || data.byteLength > mostBytes) return content;
  const form = data.byteLength < zstandardBytes ? deflated : zstandard;
  const smaller = form === deflated ? zlib.deflateRawSync(data, deflateOptions) : zlib.zstdCompressSync(data, zstandardOptions);
  // A little less is not worth the time that each reading takes.
  return smaller.byteLength > data.byteLength * 0.875 ? content : { kind: kind + form * kindNumbers, data: smaller };
}

/** A window for the longest content that is deflated; with the usual one, twice the time goes into making room for it. */
const deflateOptions = { level: 1, windowBits: 13, memLevel: 6, chunkSize: 4_096 };
const zstandardOptions = { params: { [zlib.constants.ZSTD_c_compressionLevel]: 1 } };

/** The content as it was given; undefined when it cannot be had of what is stored, or would be larger than what is ever written so. */
export function decompress({ kind, data }: StoredContent): Uint8Array | undefined {
  const form = Math.floor(kind / kindNumbers);
  if (form === asItIs) return data;
  try {
    const limit = { maxOutputLength: mostBytes };
    return form === deflated ? zlib.inflateRawSync(data, limit) : zlib.zstdDecompressSync(data, limit);
  } catch {
    return undefined; // Whatever is wrong with the bytes, they are not what was written.
  }
}
