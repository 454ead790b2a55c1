import { copyFileSync, existsSync, readFileSync } from "node:fs";
import type { Address, Entry, EntryKind } from "@orgtree/core";
import { openSqliteJournal } from "../src/sqlite/sqlite-journal.ts";
import { collect } from "./collect.ts";

/** Numbers that look random and are the same for the same seed. */
export function pseudoRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    // Mulberry32.
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A journal with entries of many sizes, marks, ends and two compactions; gives back all that was ever in it. */
export async function writeRandomJournal(
  path: string,
  { entries, seed }: { readonly entries: number; readonly seed: number },
): Promise<Entry[]> {
  const random = pseudoRandom(seed);
  const journal = await openSqliteJournal(path, { takeOver: true });
  const seqs = new Map<Address, number>();
  const written: Entry[] = [];
  for (let n = 0; n < entries; n++) {
    const address: Address = `/desk-${Math.floor(random() * 3)}/writer-${Math.floor(random() * 8)}`;
    const seq = (seqs.get(address) ?? -1) + 1 + Math.floor(random() * 1.2);
    const roll = random();
    const kind: EntryKind = !seqs.has(address) || roll < 0.1 ? "whole" : roll < 0.13 ? "end" : "part";
    const size = random() < 0.05 ? 9_000 + random() * 30_000 : random() * 700;
    const data = Uint8Array.from({ length: Math.floor(size) }, () => random() * 256);
    // Some say the same twice, as a message and the state that took it up do, and are compressed.
    if (random() < 0.5) data.copyWithin(Math.ceil(data.length / 2), 0);
    const mark = random() < 0.05 ? `mark ${n}` : undefined;
    seqs.set(address, seq);
    const entry = { address, seq, kind, ...(mark === undefined ? {} : { mark }), data };
    written.push({ ...entry, position: await journal.append([entry]) });
    if (n === Math.floor(entries / 3)) await journal.compact();
    if (n === Math.floor(entries / 2)) await journal.compact({ keepAfter: written.at(-20)?.position ?? 0 });
  }
  const left = new Set((await collect(journal.read())).map(({ position }) => position));
  await journal.close();
  return written.filter(({ position }) => left.has(position));
}

/** Copies the file of a journal and its log, as a crash would leave them. */
export function copyJournal(from: string, to: string): void {
  for (const suffix of ["", "-wal"]) if (existsSync(from + suffix)) copyFileSync(from + suffix, to + suffix);
}

/** All bytes of a journal's file and log. */
export function bytesOf(path: string): Buffer {
  return Buffer.concat(["", "-wal"].filter((suffix) => existsSync(path + suffix)).map((suffix) => readFileSync(path + suffix)));
}
