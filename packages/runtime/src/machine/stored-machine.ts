import type { AnyActorLogic, AnyEventObject, AnyMachineSnapshot, AnyStateMachine } from "xstate";
import type { Effect, MachineEffect } from "../actor/effect.ts";
import { childOf, type ChildActor } from "./child-actor.ts";
import { originOf } from "./child-origin.ts";

/** A machine as it is stored: XState's persisted snapshot, and what XState forgets of it. */
export interface StoredMachine {
  readonly snapshot: unknown;
  /** Its own timers by their ids. */
  readonly timers: Readonly<Record<string, StoredTimer>>;
  /** The keys of the effects that started its children, by their ids: work that begins again does so under the same key. */
  readonly keys: Readonly<Record<string, string>>;
}

/** A timer of a machine, for itself or for one of its children. */
export interface StoredTimer {
  readonly event: AnyEventObject;
  /** Milliseconds since 1970. */
  readonly dueMs: number;
  /** The id of the child it is for; the machine itself where there is none. */
  readonly child: string | undefined;
}

/** What is stored of a machine at the end of a turn. */
export function storeMachine(machine: AnyStateMachine, snapshot: AnyMachineSnapshot, timers: StoredMachine["timers"]): StoredMachine {
  const keys: Record<string, string> = {};
  for (const [id, child] of Object.entries(snapshot.children as Record<string, unknown>)) {
    const key = child === undefined ? undefined : originOf(child as ChildActor)?.key;
    if (key !== undefined) keys[id] = key;
  }
  return { snapshot: machine.getPersistedSnapshot(snapshot), timers, keys };
}

/** The timers after a turn with these effects, which have not happened yet. */
export function timersAfter(
  timers: StoredMachine["timers"],
  effects: readonly Effect[],
  moment: { readonly epochMs: number; readonly fired: string | undefined },
): StoredMachine["timers"] {
  let next = timers;
  const set = (id: string, timer: StoredTimer | undefined): void => {
    if (timer === undefined && next[id] === undefined) return;
    const { [id]: _old, ...others } = next;
    next = timer === undefined ? others : { ...others, [id]: timer };
  };
  if (moment.fired !== undefined) set(moment.fired, undefined);
  for (const effect of effects) {
    if (effect.kind !== "machine") continue;
    const change = timerOf(effect);
    if (change === undefined) continue;
    const { id, event, delay, child } = change;
    set(id, event === undefined ? undefined : { event, dueMs: moment.epochMs + delay, child });
  }
  return next;
}

interface TimerChange {
  readonly id: string;
  /** None: the timer is cancelled. */
  readonly event: AnyEventObject | undefined;
  readonly delay: number;
  readonly child: string | undefined;
}

function timerOf({ type, params }: MachineEffect): TimerChange | undefined {
  switch (type) {
    case "xstate.cancel":
      return { id: params as string, event: undefined, delay: 0, child: undefined };
    case "xstate.raise":
    case "xstate.sendTo": {
      const { id, event, delay, to } = params as { id?: string; event: AnyEventObject; delay?: number; to?: unknown };
      if (typeof delay !== "number" || id === undefined) return undefined;
      const target = typeof to === "object" && to !== null ? (to as { id?: string; _parent?: unknown }) : undefined;
      return { id, event, delay, child: target?._parent === undefined ? undefined : target.id };
    }
    default:
      return undefined;
  }
}

/** What a child does when its machine is there again: it goes on, begins anew, or nobody knows whether it did what it was to do. */
export function howToResume(child: ChildActor): "start" | "unknown" {
  const { orgtreeKind } = child.logic as { orgtreeKind?: string };
  if (orgtreeKind === "pure" || orgtreeKind === "idempotent") return "start";
  return isPromise(child.logic) ? "unknown" : "start";
}

/** XState does not say which logic is a promise; only one is done when it hears that it was resolved. */
function isPromise(logic: AnyActorLogic): boolean {
  const running = { status: "active", output: undefined, error: undefined, input: undefined };
  try {
    const next = logic.transition(running, { type: "xstate.promise.resolve", data: undefined }, { self: {} } as never) as {
      status: string;
    };
    return next.status === "done";
  } catch {
    return false;
  }
}

/** The children of a snapshot, oldest first. */
export function childrenOf(snapshot: AnyMachineSnapshot): readonly ChildActor[] {
  return Object.values(snapshot.children as Record<string, Parameters<typeof childOf>[0] | undefined>).flatMap((child) =>
    child === undefined ? [] : [childOf(child)],
  );
}
