import type { Address, Entry, EntryKind, Image, NewEntry } from "@orgtree/core";

/** Everything of an iteration. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** An entry with a text as its data. */
export function entry(
  address: Address,
  seq: number,
  more: { kind?: EntryKind; mark?: string; text?: string; data?: Uint8Array } = {},
): NewEntry {
  const { kind = "part", mark, text = `${address}#${seq}`, data = new TextEncoder().encode(text) } = more;
  return { address, seq, kind, ...(mark === undefined ? {} : { mark }), data };
}

/** What of an entry is compared, as one short text: `/a#3 part "mark" text`. */
export function show({ address, seq, kind, mark, data }: NewEntry): string {
  return `${address}#${seq} ${kind}${mark === undefined ? "" : ` "${mark}"`} ${new TextDecoder().decode(data)}`;
}

/** Images by address, in the same short form but for the address. */
export function showImages(images: readonly Image[]): Record<string, readonly string[]> {
  const sorted = images.toSorted((a, b) => (a.address < b.address ? -1 : 1));
  return Object.fromEntries(sorted.map(({ address, entries }) => [address, entries.map(show)]));
}

/** Numbers of entries. */
export function seqs(entries: readonly Entry[] | undefined): readonly number[] | undefined {
  return entries?.map(({ seq }) => seq);
}
