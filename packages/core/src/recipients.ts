import { isWithin, type Address } from "./address.ts";

/**
 * Whether a charter's list of recipients allows `to`: an entry is an address, or `/desk/*` for everything below `/desk`.
 * No list allows everybody.
 */
export function isPermitted(recipients: readonly string[] | undefined, to: Address): boolean {
  if (recipients === undefined) return true;
  return recipients.some((entry) =>
    entry.endsWith("/*") ? to !== entry.slice(0, -2) && isWithin(to, entry.slice(0, -2) as Address) : entry === to,
  );
}
