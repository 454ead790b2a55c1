/** Records of SQLite: https://www.sqlite.org/fileformat2.html#record_format */

/** A value of a record; undefined where its bytes are not there. */
export type RecordValue = number | string | Buffer | null | undefined;

/** Reads a number of one to nine bytes; undefined when the bytes end in it, or it is larger than JavaScript counts. */
export function readVarint(bytes: Buffer, at: number): { readonly value: number; readonly next: number } | undefined {
  let value = 0;
  for (let index = 0; index < 8; index++) {
    const byte = bytes[at + index];
    if (byte === undefined) return undefined;
    value = value * 128 + (byte & 0x7f);
    if (value > Number.MAX_SAFE_INTEGER) return undefined;
    if (byte < 0x80) return { value, next: at + index + 1 };
  }
  // Nine bytes: a negative number, or one beyond what we ever write.
  return undefined;
}

/** The types of a record's columns and where its values begin; undefined when it is none. */
export function readRecordTypes(payload: Buffer): { readonly types: readonly number[]; readonly next: number } | undefined {
  const header = readVarint(payload, 0);
  if (header === undefined || header.value > 64 || header.value > payload.length) return undefined;
  const types: number[] = [];
  let at = header.next;
  while (at < header.value) {
    const type = readVarint(payload, at);
    if (type === undefined) return undefined;
    types.push(type.value);
    at = type.next;
  }
  return at === header.value ? { types, next: at } : undefined;
}

/** The values of a record. */
export function readValues(payload: Buffer, { types, next }: { readonly types: readonly number[]; readonly next: number }): RecordValue[] {
  let at = next;
  return types.map((type) => {
    const bytes = bytesOfType(type);
    const value = at + bytes <= payload.length ? readValue(payload, { at, type, bytes }) : undefined;
    at += bytes;
    return value;
  });
}

/** True for a column that holds a whole number. */
export function isIntegerType(type: number | undefined): boolean {
  return type !== undefined && ((type >= 1 && type <= 6) || type === 8 || type === 9);
}

export function isTextType(type: number | undefined): boolean {
  return type !== undefined && type >= 13 && type % 2 === 1;
}

export function isBlobType(type: number | undefined): boolean {
  return type !== undefined && type >= 12 && type % 2 === 0;
}

function bytesOfType(type: number): number {
  if (type >= 12) return Math.floor((type - 12) / 2);
  return [0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0][type]!;
}

function readValue(
  payload: Buffer,
  { at, type, bytes }: { readonly at: number; readonly type: number; readonly bytes: number },
): RecordValue {
  if (type === 0) return null;
  if (type === 8 || type === 9) return type - 8;
  if (type >= 1 && type <= 5) return payload.readIntBE(at, bytes);
  if (type === 6) {
    const value = Number(payload.readBigInt64BE(at));
    return Number.isSafeInteger(value) ? value : undefined;
  }
  if (isTextType(type)) return payload.toString("utf8", at, at + bytes);
  return isBlobType(type) ? payload.subarray(at, at + bytes) : undefined;
}
