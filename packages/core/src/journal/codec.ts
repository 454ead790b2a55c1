import { Packr } from "msgpackr";
import { leaksIn, redact } from "../secret.ts";
import { mark, unmark } from "./marks.ts";
import { checkStorable, maxRecordLevels } from "./storable.ts";

/** Plain data as bytes: msgpack without records, so that the bytes of a value depend on nothing but the value. */
const packr = new Packr({ useRecords: false, moreTypes: true, structuredClone: false, variableMapSize: true, useToJSON: false });

/** What leads from one record to the next has two levels for each of theirs. */
const maxLevels = 3 * maxRecordLevels;

/**
 * The bytes of a value. They are the caller's own. Throws `NotStorableError` for what would not come back equal, in class and
 * content; `storable.ts` says what that is. `what` is how the message calls the value.
 *
 * Where something that was revealed of a secret is in it, its handle is written in its place: everything that is stored or sent comes by here.
 */
export function encode(value: unknown, what = "the value"): Uint8Array {
  const bytes = pack(value, what);
  return leaksIn(bytes) ? pack(redact(value), what) : bytes;
}

function pack(value: unknown, what: string): Uint8Array {
  // Inside of a set everything special is marked; at the top of a storable value there is none.
  return packr.pack(checkStorable(value, what, maxLevels) ? new Set([mark(value)]) : value);
}

/** The value behind the bytes. Throws `RangeError` when they are no value. */
export function decode(bytes: Uint8Array): unknown {
  try {
    const value = packr.unpack(bytes) as unknown;
    return value instanceof Set ? unmark([...value][0]) : value;
  } catch (error) {
    throw new RangeError(`these bytes are no stored value: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
