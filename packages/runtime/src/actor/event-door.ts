import { isReservedType, MessageRefusedError } from "@orgtree/core";
import type { Mail } from "./mail.ts";

/** Refuses a message that a machine cannot take, or that pretends to be one of XState's or of the runtime's own events. */
export function refuseEvent(mail: Mail): MessageRefusedError | undefined {
  const type = typeOf(mail.message);
  if (typeof type !== "string")
    return new MessageRefusedError(mail.to, "malformed", 'a machine takes objects with a type, such as { type: "start" }');
  if (!isReservedType(type)) return undefined;
  return new MessageRefusedError(mail.to, "forged", `the type "${type}" belongs to the runtime; nobody else may send it`);
}

/** The type of an event; none where it cannot be read, as of a proxy that throws. */
function typeOf(message: unknown): unknown {
  try {
    return (message as { type?: unknown } | null | undefined)?.type;
  } catch {
    return undefined;
  }
}
