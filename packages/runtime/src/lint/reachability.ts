import type { Edge } from "./edge.ts";
import type { MachineGraph, Ways } from "./machine-graph.ts";
import type { State } from "./state-tree.ts";

/** What can happen at all, starting from the initial state. */
export interface Reachability {
  /** States that may become active, and history states that may be aimed at. */
  readonly reached: ReadonlySet<State>;
  /** States that may be complete: a final child reached, or, for a parallel state, every region complete. */
  readonly completed: ReadonlySet<State>;
  /** Edges that may be taken. */
  readonly taken: ReadonlySet<Edge>;
}

/**
 * Explores forward, taking every guard as possible.
 *
 * It looks at single states, not at combinations of regions, so it may count as reachable what no combination allows;
 * but an `onDone` of a parallel state counts only when every region can be complete. Linear in states and edges.
 */
export function explore(graph: MachineGraph): Reachability {
  const exploration = new Exploration(graph);
  exploration.enter([graph.root]);
  return exploration;
}

class Exploration implements Reachability {
  readonly reached = new Set<State>();
  readonly completed = new Set<State>();
  readonly taken = new Set<Edge>();
  readonly #graph: MachineGraph;
  readonly #entered = new Set<State>();
  /** Parents of the shallow history states that were aimed at. */
  readonly #restorable = new Set<State>();
  readonly #followed = new Set<Ways>();

  constructor(graph: MachineGraph) {
    this.#graph = graph;
  }

  /** Enters the states with all that is entered by default, and follows whatever that makes possible. */
  enter(states: readonly State[]): void {
    const agenda = [...states];
    for (let state = agenda.pop(); state; state = agenda.pop()) {
      if (this.#entered.has(state)) continue;
      this.#entered.add(state);
      // Being reached is not being entered by default: an aim deep inside passes the initial states of its ancestors by.
      for (let active: State | undefined = state; active && !this.reached.has(active); active = active.parent) {
        this.reached.add(active);
        if (active.parent && this.#restorable.has(active.parent)) agenda.push(active);
      }
      agenda.push(...state.defaults, ...this.#restoredBy(state));
      for (const edge of state.isLeaf ? this.#edgesOfLeaf(state) : []) {
        this.taken.add(edge);
        agenda.push(...edge.entered);
      }
    }
  }

  /** A shallow history enters, by default, whichever child was active. What a deep one brings back was reached before. */
  #restoredBy(state: State): readonly State[] {
    const parent = state.parent;
    if (state.kind !== "history" || state.node.history === "deep" || !parent) return [];
    this.#restorable.add(parent);
    return parent.children.filter((child) => this.reached.has(child));
  }

  *#edgesOfLeaf(leaf: State): Generator<Edge> {
    if (leaf.kind === "final") yield* this.#complete(leaf);
    for (let ways = this.#graph.ways.get(leaf); ways && !this.#followed.has(ways); ways = ways.above) {
      this.#followed.add(ways);
      yield* ways.edges;
    }
  }

  *#complete(final: State): Generator<Edge> {
    this.completed.add(final);
    for (let state = final.parent; state && !this.completed.has(state); state = state.parent) {
      if (state.kind === "parallel" && !state.children.every((region) => this.completed.has(region))) return;
      this.completed.add(state);
      yield* this.#graph.onDone.get(state)!;
      // Beyond its own parent a completion counts only as that of a region.
      if (!state.isRegion) return;
    }
  }
}
