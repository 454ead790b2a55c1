import type { Edge } from "./edge.ts";
import type { State } from "./state-tree.ts";

/** Regions around the source of an edge that it takes down together with their neighbours. */
export function* regionsLeft(edge: Edge): Generator<State> {
  if (edge.targets.length === 0) return;
  for (let state: State | undefined = edge.source; state && state !== edge.domain; state = state.parent) if (state.isRegion) yield state;
}

/** Answers whether one of the edges, taken in a neighbouring region, takes a state down with it. */
export function leftFromBeside(edges: Iterable<Edge>): (state: State) => boolean {
  const leaving = new Set<State>();
  for (const edge of edges) for (const region of regionsLeft(edge)) leaving.add(region);
  const leavingIn = new Map<State, number>();
  for (const region of leaving) leavingIn.set(region.parent!, (leavingIn.get(region.parent!) ?? 0) + 1);
  return (state) => {
    for (let inner: State | undefined = state; inner; inner = inner.parent)
      if (inner.isRegion && (leavingIn.get(inner.parent!) ?? 0) > (leaving.has(inner) ? 1 : 0)) return true;
    return false;
  };
}
