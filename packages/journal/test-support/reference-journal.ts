import type { Address, Entry, Image, NewEntry } from "@orgtree/core";
import { expect } from "vitest";

/**
 * A journal as one would explain it: a list of everything that was ever stored, and of what is left of it. What compaction may
 * remove is not calculated here but judged: the past that must be viewable is, seen from the whole list.
 */
export class ReferenceJournal {
  /** Everything that was ever stored. */
  readonly all: Entry[] = [];
  left: Entry[] = [];
  readonly lastSeqs = new Map<Address, number>();
  /** Images before it need not be there any more. */
  horizon = 0;

  /** How many entries the append would add. */
  check(entries: readonly NewEntry[]): number | "conflict" {
    const known: NewEntry[] = [...this.left];
    const seqs = new Map(this.lastSeqs);
    let added = 0;
    for (const entry of entries) {
      if (entry.seq > (seqs.get(entry.address) ?? -1)) {
        seqs.set(entry.address, entry.seq);
        known.push(entry);
        added++;
      } else if (!known.some((other) => isSame(other, entry))) {
        return "conflict";
      }
    }
    return added;
  }

  store(entries: readonly NewEntry[], positions: readonly number[]): void {
    const fresh: Entry[] = [];
    for (const entry of entries) {
      if (entry.seq <= (this.lastSeqs.get(entry.address) ?? -1)) continue;
      this.lastSeqs.set(entry.address, entry.seq);
      fresh.push({ ...entry, position: positions[fresh.length]! });
    }
    this.all.push(...fresh);
    this.left.push(...fresh);
  }

  /** Judges what a compaction left. */
  compacted(left: readonly Entry[], limits: { readonly keepAfter: number; readonly pin: number }): void {
    const last = this.all.at(-1)?.position ?? 0;
    const cut = Math.max(0, Math.min(limits.keepAfter, limits.pin - 1, last));
    const horizon = Math.max(this.horizon, cut);
    const there = new Set(left.map(({ position }) => position));
    const before = this.left;
    this.left = before.filter(({ position }) => there.has(position));
    expect(this.left).toHaveLength(left.length);
    for (const entry of before) if (entry.position > cut) expect(there.has(entry.position)).toBe(true);
    for (const at of [horizon, ...this.all.map(({ position }) => position).filter((position) => position >= horizon)]) {
      expect(imagesOf(this.left, at)).toEqual(imagesOf(this.all, at));
    }
    for (const entry of before) {
      if (entry.mark === undefined) continue;
      expect(there.has(entry.position)).toBe(true);
      expect(imageOf(this.left, entry.address, entry.position)).toEqual(imageOf(this.all, entry.address, entry.position));
    }
    // Nobody needs a whole, a part or an end that is neither of an image at the cut, nor marked, nor needed to view a marked one.
    for (const entry of this.left)
      if (entry.position <= cut && !this.#isNeeded(entry, cut)) expect.unreachable(`${entry.address}#${entry.seq} is left`);
    this.horizon = horizon;
  }

  images(at = Infinity): readonly Image[] {
    return imagesOf(this.all, at);
  }

  image(address: Address, at: number): Image | undefined {
    return imageOf(this.all, address, at);
  }

  #isNeeded(entry: Entry, cut: number): boolean {
    const ofAddress = this.left.filter(({ address }) => address === entry.address);
    const views = [cut, ...ofAddress.filter(({ mark }) => mark !== undefined).map(({ position }) => position)];
    if (views.some((at) => imageOf(this.left, entry.address, at)?.entries.includes(entry) === true)) return true;
    // An end that hides something; parts that never had a whole are nobody's business.
    if (entry.mark !== undefined || entry.kind === "end") return true;
    return (
      entry.kind === "part" &&
      ofAddress.every(({ kind, position }) => kind !== "whole" || position > entry.position || this.#endsBetween(entry))
    );
  }

  #endsBetween(entry: Entry): boolean {
    const before = this.left.filter(({ address, position }) => address === entry.address && position < entry.position);
    return before.findLast(({ kind }) => kind !== "part")?.kind === "end";
  }
}

function isSame(a: NewEntry, b: NewEntry): boolean {
  return a.address === b.address && a.seq === b.seq && a.kind === b.kind && a.mark === b.mark && Buffer.compare(a.data, b.data) === 0;
}

function imagesOf(entries: readonly Entry[], at: number): readonly Image[] {
  const addresses = new Set(entries.map(({ address }) => address));
  return [...addresses].sort().flatMap((address) => imageOf(entries, address, at) ?? []);
}

function imageOf(entries: readonly Entry[], address: Address, at: number): Image | undefined {
  let image: Entry[] | undefined;
  for (const entry of entries) {
    if (entry.address !== address || entry.position > at) continue;
    if (entry.kind === "whole") image = [entry];
    else if (entry.kind === "end") image = undefined;
    else image?.push(entry);
  }
  return image === undefined ? undefined : { address, entries: image };
}
