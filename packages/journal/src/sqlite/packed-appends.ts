import type { NewEntry } from "@orgtree/core";
import { kinds } from "./stored-content.ts";

/** Some appends on their way to the worker: few flat lists and one piece of bytes are cheap to hand over, many objects are not. */
export interface PackedAppends {
  /** Entries of each append. */
  readonly counts: readonly number[];
  readonly addresses: readonly string[];
  readonly seqs: readonly number[];
  readonly kinds: readonly number[];
  readonly marks: readonly (string | null)[];
  /** Bytes of each entry's data in `bytes`. */
  readonly lengths: readonly number[];
  readonly bytes: Uint8Array;
}

/** Packs appends. The data is copied: a small view would take all of the buffer below it along. */
export function packAppends(appends: readonly (readonly NewEntry[])[], byteLength: number): PackedAppends {
  const counts: number[] = [];
  const addresses: string[] = [];
  const seqs: number[] = [];
  const kindNumbers: number[] = [];
  const marks: (string | null)[] = [];
  const lengths: number[] = [];
  const bytes = new Uint8Array(byteLength);
  let offset = 0;
  for (const entries of appends) {
    counts.push(entries.length);
    for (const { address, seq, kind, mark, data } of entries) {
      addresses.push(address);
      seqs.push(seq);
      kindNumbers.push(kinds.indexOf(kind));
      marks.push(mark ?? null);
      lengths.push(data.byteLength);
      bytes.set(data, offset);
      offset += data.byteLength;
    }
  }
  return { counts, addresses, seqs, kinds: kindNumbers, marks, lengths, bytes };
}
