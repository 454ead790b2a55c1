/** What is stored with a turn has to be storable when it is made: so whoever made it is told, and whoever takes it is not to blame. */
import { checkStorable, MessageRefusedError, NotStorableError, seal, toFailure, type Address } from "@orgtree/core";
import type { Kernel } from "../kernel/kernel.ts";
import { isSupervisor } from "../logic.ts";

/**
 * Freezes a message that is stored with the turn that takes it, or sends it, so that it stays what it is. `to` is an address or a group.
 * Nothing where nothing is stored.
 *
 * Throws `MessageRefusedError` for what cannot be stored, or not be read.
 */
export function checkMessage({ store }: Kernel, to: string, message: unknown): void {
  if (store?.isWritten === true) refuseUnstorable(to, message, "it");
}

/** The same from outside. A supervisor stores of a message what it gives to a child. */
export function checkMessageFromOutside({ store, cells }: Kernel, to: Address, message: unknown): void {
  if (store?.isWritten !== true) return;
  const logic = cells.get(to)?.spec.logic;
  if (logic === undefined || !isSupervisor(logic)) return refuseUnstorable(to, message, "it");
  refuseUnstorable(to, (message as { readonly spec?: { readonly input?: unknown } } | undefined)?.spec?.input, "its input");
}

function refuseUnstorable(to: string, value: unknown, what: string): void {
  try {
    seal(value, what);
  } catch (error) {
    const problem = error instanceof NotStorableError ? error.message : `${what} cannot be read: ${toFailure(error).message}`;
    throw new MessageRefusedError(to, "malformed", problem);
  }
}

/** An answer goes to whoever asked: an actor's is stored until it is taken, and stays what it is. Throws `NotStorableError`. */
export function checkAnswer({ store }: Kernel, value: unknown, about: { readonly by: Address; readonly to: Address | undefined }): void {
  if (store?.isWritten !== true) return;
  if (about.to === undefined) checkStorable(value, `the answer of ${about.by}`);
  else seal(value, `the answer of ${about.by}`);
}

/** What is stored of an actor beside its state. Throws `NotStorableError`. */
export function checkStored({ store }: Kernel, value: unknown, what: string): void {
  if (store?.isWritten === true) seal(value, what);
}
