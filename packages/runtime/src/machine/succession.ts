import { actorsBelow, pathKey } from "./child-path.ts";
import type { InternalEvent } from "./internal-event.ts";
import type { MachineHost } from "./machine-host.ts";

/**
 * For tests: who has taken whose place, when a machine and all below it were made anew of what is stored while their work goes on.
 * What still comes from the old ones, or for them, is then for the new ones.
 */
const heirs = new WeakMap<object, object>();

/** Who is there now in the place of an actor; itself where nobody is. */
export function heirOf<T>(actor: T): T {
  let now: unknown = actor;
  while (typeof now === "object" && now !== null && heirs.has(now)) now = heirs.get(now);
  return now as T;
}

/** An event of the machine's own as it is now. */
export function currentEvent(internal: InternalEvent): InternalEvent {
  const { event, source, timer, target } = heirOf(internal);
  return { event, source: heirOf(source), timer, target: heirOf(target) };
}

/** What a machine has not taken yet, as it was told and as it was read again. */
export function replaceHeard(before: readonly InternalEvent[], now: readonly InternalEvent[]): void {
  for (const [at, internal] of before.entries()) {
    const heir = now[at];
    if (heir === undefined) throw new Error(`"${internal.event.type}" of a child is on its way to its machine and was not stored`);
    heirs.set(internal, heir);
  }
}

/** The machine of `host`, and each actor below it, takes the place of the one at the same path below `before`. */
export function succeed(before: MachineHost, host: MachineHost): void {
  const byPath = new Map([...actorsBelow(host.snapshot)].map(([child, path]) => [pathKey(path), child]));
  heirs.set(before.self, host.self);
  for (const [child, path] of actorsBelow(before.snapshot)) {
    const heir = byPath.get(pathKey(path));
    if (heir !== undefined) heirs.set(child, heir);
  }
  for (const [child, working] of before.working) if (heirOf(child) !== child) host.working.set(heirOf(child), working);
}
