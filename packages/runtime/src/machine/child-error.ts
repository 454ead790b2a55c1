import type { AnyEventObject } from "xstate";

/** Descriptors by which a state takes everything, the errors of its children too, without meaning them. */
const wildcards: ReadonlySet<string> = new Set(["*", "xstate.*", "xstate.error.*"]);

/**
 * True when the error of a child was taken by nothing but wildcards: the machine would go on over a dead child, as if
 * nothing had happened (xstate, `macrostep`).
 */
export function isSwallowed(event: AnyEventObject, transitions: readonly { readonly eventType: string }[]): boolean {
  if (!event.type.startsWith("xstate.error.actor.")) return false;
  return transitions.length > 0 && transitions.every(({ eventType }) => wildcards.has(eventType));
}
