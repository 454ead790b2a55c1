import type { Edge } from "./edge.ts";
import type { State } from "./state-tree.ts";

/** The regions that a state is in, itself included, innermost first; with a limit only those inside that state. */
export function* regionsAround(state: State, limit?: State): Generator<State> {
  for (let region = state.region; region; region = region.parent?.region) {
    if (limit && !limit.contains(region)) return;
    yield region;
  }
}

/** The regions around the source of an edge that it leaves, together with their neighbours. */
export function regionsLeft(edge: Edge): Iterable<State> {
  return edge.targets.length === 0 ? [] : regionsAround(edge.source, edge.domain);
}

/** Answers whether one of the given regions is a neighbour of a region that a state is in. */
export function besideAnyOf(regions: Iterable<State>): (state: State) => boolean {
  const given = new Set(regions);
  const givenIn = new Map<State, number>();
  for (const region of given) givenIn.set(region.parent!, (givenIn.get(region.parent!) ?? 0) + 1);
  return (state) => {
    for (const region of regionsAround(state)) if ((givenIn.get(region.parent!) ?? 0) > (given.has(region) ? 1 : 0)) return true;
    return false;
  };
}
