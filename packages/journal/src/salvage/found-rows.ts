import { checksumOfAddress, checksumOfJournal } from "../checksum.ts";
import { ownChecksumsVersion } from "../sqlite/schema.ts";
import { toRecord, type WriterRecord } from "../sqlite/writer-record.ts";
import { type Cell, cellsOf } from "./page-cells.ts";
import type { PageSource } from "./page-source.ts";
import { isBlobType, isIntegerType, isTextType, readRecordTypes, readValues, type RecordValue } from "./record.ts";

/** Something that has the shape of an entry's row. Whether it is one, its checksum says. */
export interface FoundRow {
  readonly position: number;
  readonly addressId: number;
  readonly seq: number;
  readonly step: number;
  readonly kind: number;
  readonly mark: string | null;
  readonly crc: number;
  readonly dataBytes: number;
  /** The content as it is stored; undefined where not all of it is there. Read anew each time. */
  readonly data: () => Uint8Array | undefined;
}

/** What an index says of an entry. */
export interface IndexedEntry {
  readonly addressId: number;
  readonly seq: number;
  readonly position: number;
}

/** Everything in a file that looks like ours, page by page, whatever the trees say that lead there. */
export interface FoundRows {
  readonly rows: FoundRow[];
  readonly indexed: IndexedEntry[];
  /** Texts that an address may have; more than one where a copy is damaged. */
  readonly addresses: Map<number, Set<string>>;
  /** The numbers that the table of addresses remembers. */
  readonly lastSeqs: Map<number, number>;
  /** Addresses whose rows are not what was written, as these say. */
  readonly damagedAddresses: Set<string>;
  /** A sound one, if there is any. */
  journal: FoundJournal | undefined;
}

/** The row of the journal itself. */
export interface FoundJournal {
  readonly epoch: number;
  readonly lastPosition: number;
  readonly writer: WriterRecord | undefined;
  readonly horizon: number;
  /** A repair left gaps up to this position. */
  readonly mended: number;
  /** Undefined in files from before runs had names. */
  readonly run: string | undefined;
  /** True when its checksum fits, or it is from before there was one. */
  readonly isSound: boolean;
}

/** Looks through all pages; lets others work in between. */
export async function findRows(source: PageSource): Promise<FoundRows> {
  const found: FoundRows = {
    rows: [],
    indexed: [],
    addresses: new Map(),
    lastSeqs: new Map(),
    damagedAddresses: new Set(),
    journal: undefined,
  };
  const { version = ownChecksumsVersion } = source.header;
  const hasChecksums = version >= ownChecksumsVersion;
  for (let page = 1; page <= source.pageCount; page++) {
    for (const cell of cellsOf(source, page)) take(cell, found, hasChecksums);
    if (page % 256 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  return found;
}

function take(cell: Cell, found: FoundRows, hasChecksums: boolean): void {
  const record = readRecordTypes(cell.local);
  if (record === undefined) return;
  const { types } = record;
  if (cell.tree === "index") {
    const [first, second, third, ...more] = types;
    if (more.length > 0) return;
    if (third !== undefined && [first, second, third].every(isIntegerType)) takeIndexed(readValues(cell.local, record), found);
    else if (third === undefined && isTextType(first) && isIntegerType(second)) {
      const [text, id] = readValues(cell.payload(), record);
      if (typeof id === "number") addAddress(found, id, text);
    }
  } else if (isEntry(types)) {
    found.rows.push(toRow(cell, record));
  } else if (isAddress(types)) {
    takeAddress(cell.rowid, { values: readValues(cell.payload(), record), hasChecksums }, found);
  } else if (cell.rowid === 1 && isJournal(types)) {
    const journal = toJournal(readValues(cell.payload(), record), hasChecksums);
    if (found.journal === undefined || journal.isSound) found.journal = journal;
  }
}

function isAddress([id, text, lastSeq, crc, ...more]: readonly number[]): boolean {
  return more.length === 0 && id === 0 && isTextType(text) && isIntegerType(lastSeq) && (crc === undefined || isIntegerType(crc));
}

function takeAddress(id: number, row: { readonly values: readonly RecordValue[]; readonly hasChecksums: boolean }, found: FoundRows): void {
  const [, text, lastSeq, crc] = row.values;
  addAddress(found, id, text);
  if (typeof text !== "string" || typeof lastSeq !== "number") return;
  found.lastSeqs.set(id, lastSeq);
  if (row.hasChecksums && crc !== checksumOfAddress(text, lastSeq)) found.damagedAddresses.add(text);
}

function takeIndexed([addressId, seq, position]: readonly RecordValue[], found: FoundRows): void {
  if (typeof addressId !== "number" || typeof seq !== "number" || typeof position !== "number") return;
  if (addressId >= 1 && seq >= 0 && position >= 1) found.indexed.push({ addressId, seq, position });
}

function addAddress(found: FoundRows, id: number, text: RecordValue): void {
  // Marks have an index of the same shape; what is none begins otherwise, or fits no checksum.
  if (typeof text !== "string" || !text.startsWith("/")) return;
  let texts = found.addresses.get(id);
  if (texts === undefined) found.addresses.set(id, (texts = new Set()));
  texts.add(text);
}

function isEntry([position, address, seq, step, kind, mark, crc, data, ...more]: readonly number[]): boolean {
  if (more.length > 0 || position !== 0 || !(mark === 0 || isTextType(mark)) || !isBlobType(data)) return false;
  return [address, seq, step, kind, crc].every(isIntegerType);
}

function isJournal([id, epoch, lastPosition, writer, horizon, mended, run, crc, ...more]: readonly number[]): boolean {
  if (
    more.length > 0 ||
    !(crc === undefined || isIntegerType(crc)) ||
    !(run === undefined || isTextType(run)) ||
    id !== 0 ||
    !isIntegerType(epoch) ||
    !isIntegerType(lastPosition)
  )
    return false;
  return (writer === 0 || isTextType(writer)) && [horizon, mended].every((type) => type === undefined || isIntegerType(type));
}

function toRow(cell: Cell, record: NonNullable<ReturnType<typeof readRecordTypes>>): FoundRow {
  // The content is the last column, and often the only one that is not in the page itself.
  const local = readValues(cell.local, record);
  const [, addressId, seq, step, kind, mark, crc] = local.slice(0, 7).includes(undefined) ? readValues(cell.payload(), record) : local;
  return {
    position: cell.rowid,
    addressId: whole(addressId),
    seq: whole(seq),
    step: whole(step),
    kind: whole(kind),
    mark: typeof mark === "string" ? mark : null,
    crc: whole(crc),
    dataBytes: Math.floor((record.types[7]! - 12) / 2),
    data: () => readValues(cell.payload(), record)[7] as Uint8Array | undefined,
  };
}

function toJournal(
  [, epoch, lastPosition, writer, horizon = 0, mended = 0, run, crc]: readonly RecordValue[],
  hasChecksums: boolean,
): FoundJournal {
  const numbers = { epoch: whole(epoch), lastPosition: whole(lastPosition), horizon: whole(horizon), mended: whole(mended) };
  const texts = { writer: typeof writer === "string" ? writer : null, run: typeof run === "string" ? run : "" };
  return {
    ...numbers,
    writer: toRecord(writer),
    run: texts.run === "" ? undefined : texts.run,
    isSound: !hasChecksums || crc === checksumOfJournal({ ...numbers, ...texts }),
  };
}

function whole(value: RecordValue): number {
  return typeof value === "number" ? value : -1;
}
