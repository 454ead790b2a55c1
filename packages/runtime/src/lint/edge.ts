import type { AnyStateNode, AnyTransitionDefinition } from "xstate";
import type { State } from "./state-tree.ts";

/** What sets a transition off. All but `event` happen without anybody outside. */
export type EdgeKind = "event" | "after" | "done" | "error" | "always";

/** A transition as the machine can really take it. */
export interface Edge {
  readonly source: State;
  /** Event descriptor; empty for `always`. */
  readonly event: string;
  readonly kind: EdgeKind;
  readonly guarded: boolean;
  /** Empty when the transition only runs actions. */
  readonly targets: readonly State[];
  /** The targets, and the regions beside them that are entered by default. All of these are entered. */
  readonly entered: readonly State[];
  /** The innermost state that stays active; everything inside it is left. `undefined` when even the root is left. */
  readonly domain: State | undefined;
  readonly actions: readonly unknown[];
  /** As XState has it. */
  readonly transition: AnyTransitionDefinition;
}

/**
 * The transitions written on a state, in the order in which XState tries them.
 *
 * What stands behind an unguarded transition for the same event is left out, since it is never taken.
 */
export function readEdges(state: State, stateOf: ReadonlyMap<AnyStateNode, State>): readonly Edge[] {
  const edges: Edge[] = [];
  for (const list of [...state.node.transitions.values(), state.node.always ?? []]) {
    for (const transition of list as readonly AnyTransitionDefinition[]) {
      edges.push(readEdge(state, transition, stateOf));
      if (transition.guard === undefined) break;
    }
  }
  return edges;
}

/** The event that tells of the completion of a state. */
export function completionEvent(state: State): string {
  return `xstate.done.state.${state.id}`;
}

/** Whether the edge makes an active `state` inactive, if only to enter it again. */
export function exits(edge: Edge, state: State): boolean {
  return edge.targets.length > 0 && (edge.domain === undefined || edge.domain.contains(state));
}

/** Whether the edge, taken while `leaf` is active, brings the machine anywhere but back to `leaf`. */
export function leadsOut(edge: Edge, leaf: State): boolean {
  if (edge.entered.length !== 1) return edge.targets.length > 0;
  let landing = edge.entered[0]!;
  while (landing.kind === "compound" && landing.defaults.length === 1) landing = landing.defaults[0]!;
  return landing !== leaf;
}

function readEdge(source: State, transition: AnyTransitionDefinition, stateOf: ReadonlyMap<AnyStateNode, State>): Edge {
  const targets = (transition.target ?? []).map((node) => stateOf.get(node)!);
  const domain = domainOf(source, targets, transition.reenter);
  const event = String(transition.eventType);
  return {
    source,
    event,
    kind: kindOf(event),
    guarded: transition.guard !== undefined,
    targets,
    entered: enteredBy(targets, domain),
    domain,
    actions: transition.actions,
    transition,
  };
}

function kindOf(event: string): EdgeKind {
  if (event === "") return "always";
  if (event.startsWith("xstate.after.")) return "after";
  if (event.startsWith("xstate.done.")) return "done";
  if (event.startsWith("xstate.error.")) return "error";
  return "event";
}

/** SCXML's transition domain with XState's `reenter` (stateUtils.ts, `getTransitionDomain`). */
function domainOf(source: State, targets: readonly State[], reenter: boolean): State | undefined {
  if (!reenter && targets.every((target) => target === source || source.contains(target))) return source;
  const ends = [...targets, source];
  let domain = ends[0]?.parent;
  while (domain && !ends.every((end) => domain?.contains(end))) domain = domain.parent;
  return domain ?? (reenter ? undefined : rootOf(source));
}

function rootOf(state: State): State {
  let root = state;
  while (root.parent) root = root.parent;
  return root;
}

/** Entering a region of a parallel state enters its other regions too, unless they are aimed at themselves. */
function enteredBy(targets: readonly State[], domain: State | undefined): readonly State[] {
  const entered = new Set(targets);
  for (const target of targets) {
    // A history state brings back the regions of its parent, so the way up begins there.
    let inner: State | undefined = target.kind === "history" ? target.parent : target;
    for (; inner?.parent && inner !== domain; inner = inner.parent) {
      if (inner.parent.kind !== "parallel") continue;
      for (const region of inner.parent.children)
        if (region !== inner && !targets.some((other) => other === region || region.contains(other))) entered.add(region);
    }
  }
  return [...entered];
}
