import { childAddress, isStoredSupervision, storedChildren, type Address } from "@orgtree/core";
import { RollbackError } from "./rollback-error.ts";

/** Why a rollback cannot take somebody back: each system has a journal of its own, and no position is one of both. */
export function notStoredHere(top: Address, child: Address): RollbackError {
  const who = child === top ? "it" : child;
  return new RollbackError(top, `${who} lives in another system, and a rollback takes back what one system has stored`);
}

/**
 * Throws `RollbackError` where a child of a supervisor that is stored here is stored elsewhere. Who runs has a record, so who runs and has none
 * here has it there.
 */
export function checkStoredWhole(
  top: Address,
  states: Iterable<readonly [address: Address, state: unknown]>,
  isStored: (address: Address) => boolean,
): void {
  for (const [address, state] of states) {
    if (!isStoredSupervision(state)) continue;
    for (const [id, { status }] of storedChildren(state)) {
      const child = childAddress(address, id);
      if (status === "running" && !isStored(child)) throw notStoredHere(top, child);
    }
  }
}
