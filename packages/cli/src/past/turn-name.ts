import { checkAddress, type Address } from "orgtree";
import { UsageError } from "../input/usage-error.ts";
import { parseWhole } from "../input/whole-number.ts";

/** A turn of an actor as it is written on the command line. */
export interface TurnName {
  readonly address: Address;
  /** Undefined for the last one. */
  readonly seq: number | undefined;
}

/** Reads `ADDRESS@SEQ` or `ADDRESS`; throws `UsageError`. */
export function parseTurnName(text: string): TurnName {
  const at = text.lastIndexOf("@");
  const address = parseAddress(at === -1 ? text : text.slice(0, at));
  return { address, seq: at === -1 ? undefined : parseWhole(text.slice(at + 1), `the number behind @ in ${text}`) };
}

/** Reads an address; throws `UsageError`. */
export function parseAddress(text: string): Address {
  try {
    return checkAddress(text);
  } catch (error) {
    throw new UsageError((error as Error).message, "write it as orgtree history lists it");
  }
}
