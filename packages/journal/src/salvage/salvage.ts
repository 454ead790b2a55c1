import type { Address } from "@orgtree/core";
import { checksumOf } from "../checksum.ts";
import { findRows, type FoundJournal, type FoundRow, type FoundRows, type IndexedEntry } from "./found-rows.ts";
import { damagedAddressRow, damagedJournalRow } from "../sqlite/own-rows.ts";
import { decompress, kindOf } from "../sqlite/stored-content.ts";
import { cannotUnpack } from "../sqlite/stored-row.ts";
import type { PageSource } from "./page-source.ts";

/** An entry that is what was written: its checksum says so. */
export interface SoundRow extends FoundRow {
  readonly address: Address;
}

/** An entry that is not what was written, or not there. The name is missing where nothing tells it. */
export interface DamagedEntry {
  readonly position: number;
  readonly address: Address | undefined;
  readonly seq: number | undefined;
  readonly problem: string;
}

/** What there is in a file, damaged or not. */
export interface Salvage {
  /** In the order of positions. */
  readonly sound: readonly SoundRow[];
  readonly damaged: readonly DamagedEntry[];
  /** Rows of entries in `damaged`, as far as they can be read, by position. */
  readonly damagedRows: ReadonlyMap<number, FoundRow>;
  /** Positions where nothing is, not even a name, though something was. Both ends inclusive. */
  readonly lost: readonly { readonly from: number; readonly to: number }[];
  /** Undefined when it is gone, or not what was written. */
  readonly journal: FoundJournal | undefined;
  /** A row of a journal is there, sound or not. */
  readonly hasJournal: boolean;
  /** What is wrong with the rows that are no entries. */
  readonly rowProblems: readonly string[];
  /** The greatest number of each address, as far as anything tells. */
  readonly lastSeqs: ReadonlyMap<Address, number>;
}

/**
 * Reads all that is left of a journal, past SQLite, whose trees may be broken.
 *
 * An entry counts as sound when its checksum fits and its content can be unpacked, and by nothing else. Its number, address and position are in the row and in an
 * index; where they differ, both are tried. What is damaged is named only as something tells its name that contradicts no sound
 * entry.
 */
export async function salvage(source: PageSource): Promise<Salvage> {
  const found = await findRows(source);
  const sorter = new Sorter(found);
  for (const [index, row] of found.rows.entries()) {
    sorter.take(row);
    if (index % 256 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  return sorter.finish();
}

class Sorter {
  readonly #found: FoundRows;
  readonly #journal: FoundJournal | undefined;
  readonly #byPosition = new Map<number, IndexedEntry[]>();
  readonly #byName = new Map<string, number[]>();
  readonly #sound = new Map<number, SoundRow>();
  readonly #soundNames = new Set<string>();
  readonly #soundTexts = new Map<number, Address>();
  readonly #unsound: FoundRow[] = [];
  /** Positions of those whose checksum fits, and whose content cannot be unpacked. */
  readonly #packed = new Set<number>();

  constructor(found: FoundRows) {
    this.#found = found;
    this.#journal = found.journal?.isSound === true ? found.journal : undefined;
    for (const entry of found.indexed) {
      add(this.#byPosition, entry.position, entry);
      add(this.#byName, `${entry.addressId}#${entry.seq}`, entry.position);
    }
  }

  take(row: FoundRow): void {
    const data = row.data();
    const fitted = data === undefined || kindOf(row.kind) === undefined ? undefined : this.#fit(row, data);
    const sound = fitted === undefined || decompress({ kind: fitted.kind, data: data! }) !== undefined ? fitted : undefined;
    if (sound === undefined) {
      if (fitted !== undefined) this.#packed.add(row.position);
      this.#unsound.push(row);
      return;
    }
    this.#sound.set(sound.position, sound);
    this.#soundNames.add(`${sound.address}#${sound.seq}`);
    this.#soundTexts.set(sound.addressId, sound.address);
  }

  finish(): Salvage {
    const damaged = new Map<number, DamagedEntry>();
    const damagedRows = new Map<number, FoundRow>();
    for (const row of this.#unsound) if (!this.#sound.has(row.position)) damagedRows.set(row.position, row);
    for (const entry of this.#found.indexed) {
      const there = damagedRows.has(entry.position);
      this.#addDamaged(damaged, entry, there ? this.#problemOf(entry) : "it is in an index, and nowhere else");
    }
    for (const row of damagedRows.values()) this.#addDamaged(damaged, row, this.#problemOf(row));
    const inOrder = <T extends { readonly position: number }>(all: Iterable<T>): T[] => [...all].sort((a, b) => a.position - b.position);
    const sound = inOrder(this.#sound.values());
    const lastSeqs = this.#lastSeqs(sound, damaged.values());
    const more = { journal: this.#journal, hasJournal: this.#found.journal !== undefined, rowProblems: this.#rowProblems(), lastSeqs };
    return { sound, damaged: inOrder(damaged.values()), damagedRows, lost: this.#lost(damaged), ...more };
  }

  #rowProblems(): readonly string[] {
    const { journal, damagedAddresses } = this.#found;
    const problems = [...damagedAddresses].map(damagedAddressRow);
    if (journal === undefined) return ["the row of the journal, with the name of its run, is gone", ...problems];
    return journal.isSound ? problems : [damagedJournalRow, ...problems];
  }

  /** The row as the checksum wants it, by its own words or those of the index. */
  #fit(row: FoundRow, data: Uint8Array): SoundRow | undefined {
    const names = [row, ...(this.#byPosition.get(row.position) ?? [])];
    const positions = [row.position, ...(this.#byName.get(`${row.addressId}#${row.seq}`) ?? [])];
    for (const { addressId, seq } of names) {
      for (const address of this.#found.addresses.get(addressId) ?? []) {
        for (const position of positions) {
          const fitted = { ...row, addressId, seq, position, address: address as Address };
          if (checksumOf({ ...fitted, data }) === row.crc) return fitted;
        }
      }
    }
    return undefined;
  }

  #problemOf({ position }: IndexedEntry): string {
    return `it is not what was written (${this.#packed.has(position) ? cannotUnpack : "its checksum differs"})`;
  }

  #addDamaged(damaged: Map<number, DamagedEntry>, entry: IndexedEntry, problem: string): void {
    const { position, seq } = entry;
    if (this.#sound.has(position) || damaged.has(position)) return;
    const address = this.#textOf(entry.addressId);
    // A sound entry has this name: this one only says so, and may be no entry at all.
    if (address !== undefined && this.#soundNames.has(`${address}#${seq}`)) return;
    const name = address === undefined || seq < 0 ? { address: undefined, seq: undefined } : { address, seq };
    damaged.set(position, { position, ...name, problem });
  }

  /** The text of an address, if it is certain: an entry's checksum fits it, or there is one only. */
  #textOf(id: number): Address | undefined {
    const texts = this.#found.addresses.get(id);
    return this.#soundTexts.get(id) ?? (texts?.size === 1 ? ([...texts][0] as Address) : undefined);
  }

  #lastSeqs(sound: readonly SoundRow[], damaged: Iterable<DamagedEntry>): ReadonlyMap<Address, number> {
    const seqs = new Map<Address, number>();
    const raise = (address: Address | undefined, seq: number | undefined): void => {
      if (address !== undefined && seq !== undefined && seq > (seqs.get(address) ?? -1)) seqs.set(address, seq);
    };
    for (const { address, seq } of sound) raise(address, seq);
    for (const { address, seq } of damaged) raise(address, seq);
    for (const [id, seq] of this.#found.lastSeqs) raise(this.#textOf(id), seq);
    return seqs;
  }

  /** Positions have no gaps but those that compaction and repairs made; where that is unknown, nothing is said. */
  #lost(damaged: ReadonlyMap<number, unknown>): { from: number; to: number }[] {
    if (this.#journal === undefined) return [];
    const known = [...this.#sound.keys(), ...damaged.keys()].sort((a, b) => a - b);
    const lost: { from: number; to: number }[] = [];
    let last = Math.max(this.#journal.horizon, this.#journal.mended);
    for (const position of known) {
      if (position > last + 1) lost.push({ from: last + 1, to: position - 1 });
      if (position > last) last = position;
    }
    return lost;
  }
}

function add<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const values = map.get(key);
  if (values === undefined) map.set(key, [value]);
  else values.push(value);
}
