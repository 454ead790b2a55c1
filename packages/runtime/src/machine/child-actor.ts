import type { AnyActorLogic, AnyActorRef, AnyActorScope, AnyEventObject, AnyMachineSnapshot } from "xstate";
import type { MachineHost } from "./machine-host.ts";

/** What the host uses of XState's `Actor`, which runs the children of a machine (xstate 5.33; mostly not in its types). */
export interface ChildActor {
  readonly id: string;
  readonly sessionId: string;
  readonly systemId: string | undefined;
  readonly src: unknown;
  readonly options: { readonly id?: string; readonly input?: unknown };
  /** 0 not started, 1 running, 2 stopped. */
  readonly _processingStatus: number;
  readonly _parent: ChildActor | { readonly host: MachineHost; readonly _parent: undefined };
  logic: AnyActorLogic;
  getSnapshot(): unknown;
  start(): void;
  _send(event: AnyEventObject): void;
  _stop(): void;
}

/** An action as XState hands it over: resolved, not yet run. */
export type ExecutableAction = Parameters<AnyActorScope["actionExecutor"]>[0];

/** XState's reference as what it is. */
export function childOf(ref: AnyActorRef): ChildActor {
  return ref as unknown as ChildActor;
}

/** True when `ancestor` made the child, or one of those that made it. */
export function isBelow(child: ChildActor, ancestor: unknown): boolean {
  for (let at: { readonly _parent: unknown } | undefined = child; at !== undefined; at = at._parent as typeof at) {
    if (at._parent === ancestor) return true;
  }
  return false;
}

/** True when it has been stopped, or has ended by itself. */
export function isOver(child: ChildActor): boolean {
  return child._processingStatus === 2;
}

/** The names of the logics that lead to it, from a child of the machine's own down to the one that made it; none for such a child itself. */
export function sourcesAbove({ _parent }: ChildActor): readonly unknown[] {
  const sources: unknown[] = [];
  for (let at = _parent; at._parent !== undefined; at = at._parent) sources.unshift(at.src);
  return sources;
}

/** The child of `owner` by which it has this descendant; undefined when it has it by none. */
export function branchOf(descendant: ChildActor, owner: unknown): ChildActor | undefined {
  for (let at: ChildActor | undefined = descendant; at !== undefined; at = at._parent as ChildActor | undefined) {
    if (at._parent === owner) return at;
  }
  return undefined;
}

/** Counts the actors below one host in the order in which they were made. */
function bornAt(child: ChildActor): number {
  return Number(child.sessionId.slice(child.sessionId.lastIndexOf(".") + 1));
}

/** What may be the stop of a child among the actions and effects of a step. */
interface Stop {
  readonly type?: string;
  readonly params?: unknown;
}

/** Children that are stopped one after the other go in reverse order of their making; XState would keep to it. */
export function stopNewestFirst(actions: Stop[]): void {
  for (let start = 0; start < actions.length; start++) {
    let end = start;
    while (end < actions.length && actions[end]!.type === "xstate.stopChild") end++;
    const stops = actions.slice(start, end).sort((a, b) => stopRank(b) - stopRank(a));
    for (const stop of stops) actions[start++] = stop;
  }
}

/** A stop of nobody is an action without an actor. */
function stopRank({ params }: Stop): number {
  return params === undefined ? -1 : bornAt(params as ChildActor);
}

/** What XState does between actors of one machine: it only sets things in motion that the machine itself knows. */
const inner: ReadonlySet<string> = new Set(["xstate.spawnChild", "xstate.stopChild", "xstate.sendTo", "xstate.raise", "xstate.cancel"]);

/** True for what concerns nobody but the machine and its children. */
export function isInner(type: string): boolean {
  return inner.has(type);
}

/** True for what XState itself does, as opposed to an action function of the user's. */
export function isBuiltin(type: string): boolean {
  return type.startsWith("xstate.");
}

/** The children of a snapshot, oldest first. */
export function childrenOf(snapshot: AnyMachineSnapshot): readonly ChildActor[] {
  return Object.values(snapshot.children as Record<string, AnyActorRef | undefined>).flatMap((child) =>
    child === undefined ? [] : [childOf(child)],
  );
}
