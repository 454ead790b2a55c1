import type { AnyEventObject } from "xstate";
import type { Incarnation } from "../actor/incarnation.ts";
import { checkStored } from "../actor/store-door.ts";
import type { ChildActor } from "./child-actor.ts";
import type { MachineTimer } from "./machine-timers.ts";

/** An event of a machine's own: from a child, or from a timer. */
export interface InternalEvent {
  readonly event: AnyEventObject;
  readonly source: ChildActor | undefined;
  readonly timer: MachineTimer | undefined;
  /** The child that it is for; undefined for the machine itself. */
  readonly target: ChildActor | undefined;
}

/** What a promise came to. */
export function isResult({ type }: AnyEventObject): boolean {
  return type === "xstate.promise.resolve" || type === "xstate.promise.reject";
}

/** What a promise came to, where it can be stored; else it has failed. */
export function storableResult(internal: InternalEvent, { cell }: Incarnation): InternalEvent {
  const { event, target } = internal;
  if (!isResult(event)) return internal;
  const data: unknown = event["data"];
  try {
    checkStored(cell.kernel, data, `the result of ${target?.id} of ${cell.address}`);
    return internal;
  } catch (error) {
    return { ...internal, event: { type: "xstate.promise.reject", data: error } };
  }
}

/** XState's own events from a child to its machine. */
export function isResultOf(child: ChildActor | undefined, type: string): boolean {
  if (child === undefined || !type.startsWith("xstate.")) return false;
  const { id } = child;
  return type === `xstate.done.actor.${id}` || type === `xstate.error.actor.${id}` || type === `xstate.snapshot.${id}`;
}
