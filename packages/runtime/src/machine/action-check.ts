import type { ExecutableAction } from "./child-actor.ts";

/**
 * Refuses an action that XState would skip silently, or carry out as nobody meant it. The lint finds most of them before
 * the start; what is computed at run time is found here, while nothing has happened yet.
 */
export function checkAction({ type, params, exec }: ExecutableAction): void {
  if (exec === undefined) throw new Error(`the action "${type}" is not implemented: provide it, or remove its name`);
  switch (type) {
    case "xstate.spawnChild":
      return checkSpawn(params as SpawnParams);
    case "xstate.raise":
    case "xstate.sendTo":
      return checkSending(params as SendParams);
    default:
      return;
  }
}

interface SpawnParams {
  readonly id: unknown;
  readonly src: unknown;
  readonly actorRef: { readonly options: { readonly id?: string } } | undefined;
}

interface SendParams {
  readonly to?: unknown;
  readonly event: { readonly type: string };
  readonly id?: string;
  readonly delay?: unknown;
}

function checkSpawn({ id, src, actorRef }: SpawnParams): void {
  if (actorRef === undefined) throw new Error(`the actor "${String(src)}" is not implemented: provide it, or remove its name`);
  if (actorRef.options.id !== undefined) return;
  const why = id === undefined ? "" : ": its id function gave none";
  throw new Error(`a child is spawned without an id, and a second one would take its place${why}; give spawnChild an id`);
}

function checkSending({ to, event, id, delay }: SendParams): void {
  if (Number.isNaN(delay)) throw new Error(`the delay of "${event.type}" is not a number`);
  // Without its delay a timer would fire at once.
  if (delay === undefined && id?.startsWith("xstate.after.") === true)
    throw new Error(`the delay of "${id}" is not implemented: provide it`);
  if (typeof to === "object" && to !== null && !("_send" in to)) throw new Error(`"${event.type}" is sent to something that is no actor`);
}
