import type { AnyTransitionDefinition } from "xstate";
import { exits, type Edge } from "./edge.ts";
import type { State } from "./state-tree.ts";

/** What keeps edges of a state from ever being taken, whatever comes. */
export interface Preemption {
  /** The state, or one around it, is left at once by an unguarded eventless transition: nothing else of it gets a chance. */
  readonly isPassing: boolean;
  /** The state, or one around it, is left after so many milliseconds at the latest. `Infinity` when no timer says so. */
  readonly shortestMs: number;
}

/** Nothing keeps anything. */
export const unhindered: Preemption = { isPassing: false, shortestMs: Infinity };

/** What holds for a state with these edges inside of a state for which `above` holds. */
export function preemptionOf(state: State, edges: readonly Edge[], above: Preemption): Preemption {
  const isPassing = above.isPassing || edges.some((edge) => leavesAtOnce(edge, state));
  let { shortestMs } = above;
  for (const edge of edges) if (!edge.guarded && exits(edge, state)) shortestMs = Math.min(shortestMs, delayOf(edge) ?? Infinity);
  return { isPassing, shortestMs };
}

/**
 * XState takes an eventless transition that leads nowhere else for a step of nothing, and goes on. In a region it may never be taken: one of
 * another region that leads here comes first, again and again.
 */
function leavesAtOnce(edge: Edge, state: State): boolean {
  const { kind, guarded, entered, targets } = edge;
  const mayComeBack =
    entered.some((target) => target === state || target.contains(state)) ||
    // What it remembers may be this state.
    targets.some((target) => target.kind === "history" && target.parent!.contains(state));
  return kind === "always" && !guarded && exits(edge, state) && !mayComeBack && state.region === undefined;
}

/** The edges that can be taken: not behind an eventless transition, a shorter timer, or an event that nobody sends. */
export function takable(edges: readonly Edge[], { isPassing, shortestMs }: Preemption): readonly Edge[] {
  const isTakable = (edge: Edge): boolean => {
    if (edge.kind === "always") return true;
    if (isPassing || isUnknownSignal(edge.event)) return false;
    const delayMs = delayOf(edge);
    return delayMs === undefined || (delayMs <= shortestMs && delayMs < Infinity);
  };
  return edges.every(isTakable) ? edges : edges.filter(isTakable);
}

/** The delay of a timer where it is written in numbers. */
function delayOf({ kind, transition }: Edge): number | undefined {
  if (kind !== "after") return undefined;
  const { delay } = transition as AnyTransitionDefinition & { readonly delay?: unknown };
  const delayMs = typeof delay === "string" && delay !== "" ? Number(delay) : delay;
  return typeof delayMs === "number" && !Number.isNaN(delayMs) ? delayMs : undefined;
}

const signals: ReadonlySet<string> = new Set(["down", "reply", "ask-failed", "refused", "timer", "done", "failed", "*"]);

/** Nobody but the runtime sends events of this prefix, and it sends these. */
function isUnknownSignal(event: string): boolean {
  return event.startsWith("orgtree.") && !signals.has(event.slice("orgtree.".length));
}
