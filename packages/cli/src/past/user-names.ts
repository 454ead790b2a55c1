/** Names as whoever wrote a machine knows them: what XState makes of them has numbers and paths in it. */

/** A child of a machine: the id that it was given, or the state that invokes it. XState calls the first `0.machine.state`. */
export function childName(id: string): string {
  return /^\d+\.[^.]+\.(.+)$/.exec(id)?.[1] ?? id;
}

/** The state whose `after` an event belongs to; undefined for any other event. XState calls it `xstate.after.MS.machine.state`. */
export function afterName(type: string): string | undefined {
  const [, id] = /^xstate\.after\.[^.]+\.(.+)$/.exec(type) ?? [];
  return id === undefined ? undefined : stateName(id);
}

/** A state, or the machine itself, by the id that XState gives it. */
export function stateName(id: string): string {
  return /^[^.]+\.(.+)$/.exec(id)?.[1] ?? id;
}

/** Work of a plain actor: the tag by which it is told of the end, with the name of its declaration where the tag does not say it. */
export function workName(tag: unknown, name: unknown): string {
  if (typeof tag !== "string") return typeof name === "string" ? name : "";
  return typeof name !== "string" || tag.startsWith(name) ? tag : `${tag} (${name})`;
}
