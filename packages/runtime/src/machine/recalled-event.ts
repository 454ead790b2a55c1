import { decode, encode } from "@orgtree/core";
import type { AnyEventObject } from "xstate";
import type { Provenance } from "../durable/provenance.ts";
import { attemptKey } from "../durable/effect-key.ts";
import type { ChildActor } from "./child-actor.ts";
import { originOf } from "./child-origin.ts";
import { actorsBelow, pathKey, type Path } from "./child-path.ts";
import { isResult, type InternalEvent } from "./internal-event.ts";
import type { MachineHost } from "./machine-host.ts";
import type { StoredEvent } from "./stored-machine.ts";

/** Where an event of a machine's own comes from, as it is stored with the turn that takes it. */
export function whereFrom({ event, source, timer, target }: InternalEvent): Provenance {
  const origin = target !== undefined && isResult(event) ? originOf(target) : undefined;
  return {
    ...(origin === undefined ? {} : { work: attemptKey(origin.key, origin.attempt ?? 1) }),
    ...(source === undefined ? {} : { source: pathOf(source) }),
    ...(target === undefined ? {} : { target: pathOf(target) }),
    ...(timer === undefined ? {} : { timer: [...pathOf(timer.owner), timer.id] }),
  };
}

/** The same of an event that is stored. */
export function wayOf({ source, target }: StoredEvent): Provenance {
  return { ...(source === undefined ? {} : { source }), ...(target === undefined ? {} : { target }) };
}

/** What came, beside what the turn took of it: a result that both have is stored once. */
export function whatCame(came: AnyEventObject, took: AnyEventObject): { readonly type: string } {
  if (isResult(came) && came["data"] === valueOf(took)) return { type: came.type };
  return came;
}

function valueOf(took: AnyEventObject): unknown {
  return took.type.startsWith("xstate.error.actor.") ? took["error"] : took["output"];
}

/** The ids that lead from the machine to an actor below it. */
function pathOf(actor: unknown): Path {
  const ids: string[] = [];
  for (let at = actor as Partial<ChildActor>; at?._parent !== undefined; at = at._parent as ChildActor) ids.unshift(at.id!);
  return ids;
}

/** An event that the machine took, from its record. What it knows of already is found again. Throws `RangeError` where it cannot be. */
export function recallEvent(
  host: MachineHost,
  known: readonly InternalEvent[],
  taken: { readonly event: AnyEventObject; readonly via: Provenance },
): InternalEvent {
  const { source, target, timer } = taken.via;
  const event = cameAs({ message: taken.event, via: taken.via });
  const actors = new Map([...actorsBelow(host.snapshot)].map(([child, path]) => [pathKey(path), child]));
  const at = (path: Path | undefined): ChildActor | undefined => (path === undefined ? undefined : actors.get(pathKey(path)));
  if (timer !== undefined) return recallTimer(host, { owner: at(timer.slice(0, -1)), id: timer.at(-1)!, target: at(target) });
  const told = { event, source: at(source), timer: undefined, target: at(target) };
  const found = known.find(
    (each) => each.source === told.source && each.target === told.target && each.event.type === event.type && isSame(each.event, event),
  );
  if (found !== undefined) return found;
  // The newest look of a child is no data, and is not stored.
  const isLook = event.type.startsWith("xstate.snapshot.") && told.source !== undefined;
  return isLook ? { ...told, event: { ...event, snapshot: told.source!.getSnapshot() } } : told;
}

function recallTimer(
  host: MachineHost,
  { owner, id, target }: { readonly owner: ChildActor | undefined; readonly id: string; readonly target: ChildActor | undefined },
): InternalEvent {
  const timer = host.armed(owner ?? host.self, id);
  if (timer === undefined) throw new RangeError(`its timer ${id} was not set`);
  return { event: timer.event, source: undefined, timer, target };
}

/** The event that came for a turn, of which the machine took what a child made of it. */
export function cameAs({ message, via }: { readonly message: unknown; readonly via?: Provenance | undefined }): AnyEventObject {
  const event = message as AnyEventObject;
  const came = via?.event as AnyEventObject | undefined;
  if (came === undefined) return event;
  return isResult(came) && !("data" in came) ? { ...came, data: valueOf(event) } : came;
}

function isSame(one: AnyEventObject, other: AnyEventObject): boolean {
  return Buffer.compare(plainBytes(one), plainBytes(other)) === 0;
}

function plainBytes({ type, output, data, input }: AnyEventObject): Uint8Array {
  return encode(decode(encode({ type, output, data: data instanceof Error ? data.message : data, input })));
}
