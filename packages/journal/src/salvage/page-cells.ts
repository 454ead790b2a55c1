/** Cells of a page of SQLite: https://www.sqlite.org/fileformat2.html#b_tree_pages */
import type { PageSource } from "./page-source.ts";
import { readVarint } from "./record.ts";

const tableLeaf = 0x0d;
const indexLeaf = 0x0a;
const indexInterior = 0x02;

/** One record as it lies in a page. */
export interface Cell {
  readonly tree: "table" | "index";
  /** Of a table only. */
  readonly rowid: number;
  /** All of the record, or its beginning where the rest is not there. */
  readonly payload: () => Buffer;
  /** The part of the record that lies in the page itself. */
  readonly local: Buffer;
}

/** The cells that a page holds; none for a page of another kind, or what is no page. */
export function cellsOf(source: PageSource, number: number): readonly Cell[] {
  const page = source.page(number);
  if (page === undefined) return [];
  const start = number === 1 ? 100 : 0;
  const type = page[start];
  if (type !== tableLeaf && type !== indexLeaf && type !== indexInterior) return [];
  const pointers = start + (type === indexInterior ? 12 : 8);
  const count = pointers <= page.length ? page.readUInt16BE(start + 3) : 0;
  const cells: Cell[] = [];
  for (let index = 0; index < count; index++) {
    const pointer = pointers + 2 * index;
    if (pointer + 2 > page.length) break;
    const cell = readCell(source, page, { at: page.readUInt16BE(pointer), type });
    if (cell !== undefined) cells.push(cell);
  }
  return cells;
}

function readCell(source: PageSource, page: Buffer, where: { readonly at: number; readonly type: number }): Cell | undefined {
  const isTable = where.type === tableLeaf;
  const size = readVarint(page, where.at + (where.type === indexInterior ? 4 : 0));
  const key = size === undefined ? undefined : isTable ? readVarint(page, size.next) : { value: 0, next: size.next };
  if (size === undefined || key === undefined) return undefined;
  const localBytes = localBytesOf(size.value, { usable: source.usableBytes, isTable });
  const local = page.subarray(key.next, key.next + localBytes);
  const overflow = key.next + localBytes;
  const payload = (): Buffer => {
    if (localBytes === size.value || overflow + 4 > page.length) return local;
    return followOverflow(source, { local, next: page.readUInt32BE(overflow), bytes: size.value });
  };
  return { tree: isTable ? "table" : "index", rowid: key.value, payload, local };
}

/** How much of a record is in the page itself, by SQLite's rules. */
function localBytesOf(payload: number, { usable, isTable }: { readonly usable: number; readonly isTable: boolean }): number {
  const most = isTable ? usable - 35 : Math.floor(((usable - 12) * 64) / 255) - 23;
  if (payload <= most) return payload;
  const least = Math.floor(((usable - 12) * 32) / 255) - 23;
  const some = least + ((payload - least) % (usable - 4));
  return some <= most ? some : least;
}

function followOverflow(source: PageSource, record: { readonly local: Buffer; next: number; readonly bytes: number }): Buffer {
  const parts = [record.local];
  let left = record.bytes - record.local.length;
  // A chain that runs in a circle ends with the bytes it should have; one that is longer than the file is none.
  if (left > source.pageCount * source.usableBytes) return record.local;
  for (let next = record.next; left > 0 && next > 0 && next <= source.pageCount;) {
    const page = source.page(next);
    if (page === undefined || page.length < 4) break;
    const part = page.subarray(4, Math.min(4 + left, source.usableBytes, page.length));
    parts.push(part);
    left -= part.length;
    if (part.length === 0) break;
    next = page.readUInt32BE(0);
  }
  return Buffer.concat(parts);
}
