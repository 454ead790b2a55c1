import { Claim } from "./claim.ts";
import type { Edge } from "./edge.ts";
import type { MachineGraph, Ways } from "./machine-graph.ts";
import type { Reachability } from "./reachability.ts";
import { regionsLeft } from "./regions.ts";
import type { State } from "./state-tree.ts";

/**
 * The reachable leaves from which the machine can end.
 *
 * A leaf can finish when, with every guard taken as possible,
 *   F1. it is an end state: a final child of the root, or the machine itself;
 *   F2. a transition of it or of a state around it enters only states that can finish (all of them, where regions of a
 *       parallel state are entered together: one that is stuck keeps the others from completing);
 *   F3. it is final, and the completion of its parent leads to the end: through the `onDone` of the parent, or, where the
 *       parent is a region, when every other region can be complete too and the completion of the parallel state leads on
 *       (that of a parallel root is the end);
 *   F4. it is in a region, and a transition of a neighbouring region leaves their parallel state for states that can finish.
 *
 * The other regions are taken to be wherever they are of most help. So a leaf that cannot finish by these rules cannot in
 * any combination, which is what makes an error of it; one that can may still be in a combination that is stuck.
 */
export function findFinishing(graph: MachineGraph, reachability: Reachability): ReadonlySet<State> {
  const claims = new FinishClaims();
  for (const state of reachability.reached) {
    connectState(claims, state, { graph, reachability });
    if (state.isLeaf) connectLeaf(claims, state, graph);
    if (state.kind === "parallel") connectRegions(claims, state);
  }
  for (const edge of reachability.taken) connectEdge(claims, edge);
  for (const state of reachability.completed) connectCompletion(claims, state, { graph, reachability });
  claims.complete(graph.root).establish();
  return new Set(graph.states.filter((state) => state.isLeaf && claims.entered(state).holds));
}

/** The claims about one machine, made when they are first asked for. */
class FinishClaims {
  readonly #entered = new Map<State, Claim>();
  readonly #complete = new Map<State, Claim>();
  readonly #beside = new Map<State, Claim>();
  readonly #leaving = new Map<State, Claim>();
  readonly #ways = new Map<Ways, Claim>();
  readonly #taken = new Map<Edge, Claim>();

  /** With this state entered by default, the machine can end. For a leaf: while it is active. */
  entered(state: State): Claim {
    return claimIn(this.#entered, state, state.kind === "parallel" && !state.isLeaf ? state.children.length : 1);
  }

  /** With this state complete, the machine can end. */
  complete(state: State): Claim {
    return claimIn(this.#complete, state);
  }

  /** While this region is active, a neighbour of it or of a region around it can end the machine. */
  beside(region: State): Claim {
    return claimIn(this.#beside, region);
  }

  /** Something in this region leaves the parallel state for the end. */
  leaving(region: State): Claim {
    return claimIn(this.#leaving, region);
  }

  /** By one of these ways the machine can end. */
  way(ways: Ways): Claim {
    return claimIn(this.#ways, ways);
  }

  knowsWay(ways: Ways): boolean {
    return this.#ways.has(ways);
  }

  /** By this edge the machine can end. */
  taken(edge: Edge): Claim {
    return edge.entered.length === 1 ? this.entered(edge.entered[0]!) : claimIn(this.#taken, edge, edge.entered.length);
  }
}

function claimIn<S>(claims: Map<S, Claim>, subject: S, missing = 1): Claim {
  let claim = claims.get(subject);
  if (!claim) claims.set(subject, (claim = new Claim(missing)));
  return claim;
}

/** What the claims are made of. */
interface Ground {
  readonly graph: MachineGraph;
  readonly reachability: Reachability;
}

function connectState(claims: FinishClaims, state: State, { graph, reachability }: Ground): void {
  const outer = state.isRegion ? state.parent?.region : undefined;
  if (outer) claims.beside(state).restsOn(claims.beside(outer));
  if (state.isLeaf) return;
  for (const inner of state.defaults) claims.entered(state).restsOn(claims.entered(inner));
  if (state.kind !== "history") return;
  // What it brings back is unknown: any child, or with a deep history any leaf, that may have been active.
  const parent = state.parent!;
  const isDeep = state.node.history === "deep";
  const past = isDeep ? graph.states.slice(parent.index + 1, parent.lastInside + 1).filter((inner) => inner.isLeaf) : parent.children;
  for (const inner of past) if (reachability.reached.has(inner)) claims.entered(state).restsOn(claims.entered(inner));
}

function connectLeaf(claims: FinishClaims, leaf: State, graph: MachineGraph): void {
  const can = claims.entered(leaf);
  if (leaf.region) can.restsOn(claims.beside(leaf.region));
  if (leaf.kind === "final") can.restsOn(claims.complete(leaf));
  let lower = can;
  for (let ways = graph.ways.get(leaf); ways; ways = ways.above) {
    const isConnected = claims.knowsWay(ways);
    const way = claims.way(ways);
    lower.restsOn(way);
    if (isConnected) return;
    for (const edge of ways.edges) if (edge.targets.length > 0) way.restsOn(claims.taken(edge));
    lower = way;
  }
}

/** F4: each region is helped by all the others, but not by itself; two sweeps instead of all pairs. */
function connectRegions(claims: FinishClaims, parallel: State): void {
  for (const regions of [parallel.children, parallel.children.toReversed()]) {
    let passed = new Claim();
    for (const region of regions) {
      claims.beside(region).restsOn(passed);
      const withThis = new Claim();
      withThis.restsOn(passed);
      withThis.restsOn(claims.leaving(region));
      passed = withThis;
    }
  }
}

function connectEdge(claims: FinishClaims, edge: Edge): void {
  if (edge.targets.length === 0) return;
  const taken = claims.taken(edge);
  if (edge.entered.length > 1) for (const state of edge.entered) taken.restsOn(claims.entered(state));
  for (const region of regionsLeft(edge)) claims.leaving(region).restsOn(taken);
}

function connectCompletion(claims: FinishClaims, state: State, { graph, reachability }: Ground): void {
  const complete = claims.complete(state);
  for (const edge of graph.onDone.get(state) ?? []) if (edge.targets.length > 0) complete.restsOn(claims.taken(edge));
  // A final state completes its parent, a region its parallel state; any other completion is heard by `onDone` alone.
  if (state.parent && (state.kind === "final" || state.isRegion) && reachability.completed.has(state.parent))
    complete.restsOn(claims.complete(state.parent));
}
