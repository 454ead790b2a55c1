import { Packr } from "msgpackr";

/**
 * Plain data as bytes: msgpack without records, so that the bytes of a value depend on nothing but the value.
 *
 * Errors come back with name, message and cause, without their stack and their class. Texts that are no valid Unicode come back with the
 * replacement character, -0 as 0.
 */
const packr = new Packr({ useRecords: false, moreTypes: true, structuredClone: false, variableMapSize: true });

/** The bytes of a storable value. They are the caller's own. */
export function encode(value: unknown): Uint8Array {
  return packr.pack(value);
}

/** The value behind the bytes. Throws `RangeError` when they are no value. */
export function decode(bytes: Uint8Array): unknown {
  try {
    return packr.unpack(bytes) as unknown;
  } catch (error) {
    throw new RangeError(`these bytes are no stored value: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
