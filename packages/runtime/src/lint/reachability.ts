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
  exploration.enter(graph.root);
  return exploration;
}

class Exploration implements Reachability {
  readonly reached = new Set<State>();
  readonly completed = new Set<State>();
  readonly taken = new Set<Edge>();
  readonly #graph: MachineGraph;
  /** States that are still to be entered. */
  readonly #agenda: State[] = [];
  readonly #entered = new Set<State>();
  readonly #followed = new Set<Ways>();
  /** Parents of the shallow history states that were aimed at. */
  readonly #restorable = new Set<State>();

  constructor(graph: MachineGraph) {
    this.#graph = graph;
  }

  /** Enters a state with all that is entered by default, and follows whatever that makes possible. */
  enter(start: State): void {
    this.#agenda.push(start);
    for (let state = this.#agenda.pop(); state; state = this.#agenda.pop()) {
      if (this.#entered.has(state)) continue;
      this.#entered.add(state);
      this.#reach(state);
      this.#agenda.push(...state.defaults);
      if (state.kind === "history") this.#restore(state);
      if (state.kind === "final") this.#complete(state);
      if (state.isLeaf) this.#follow(state);
    }
  }

  /** Being reached is not being entered by default: an aim deep inside passes the initial states of its ancestors by. */
  #reach(state: State): void {
    for (let active: State | undefined = state; active && !this.reached.has(active); active = active.parent) {
      this.reached.add(active);
      if (active.parent && this.#restorable.has(active.parent)) this.#agenda.push(active);
    }
  }

  /** A shallow history enters, by default, whichever child was active. What a deep one brings back was reached before. */
  #restore({ node, parent }: State): void {
    if (node.history === "deep" || !parent) return;
    this.#restorable.add(parent);
    this.#agenda.push(...parent.children.filter((child) => this.reached.has(child)));
  }

  #follow(leaf: State): void {
    for (let ways = this.#graph.ways.get(leaf); ways && !this.#followed.has(ways); ways = ways.above) {
      this.#followed.add(ways);
      this.#take(ways.edges);
    }
  }

  #complete(final: State): void {
    this.completed.add(final);
    for (let state = final.parent; state && !this.completed.has(state); state = state.parent) {
      if (state.kind === "parallel" && !state.children.every((region) => this.completed.has(region))) return;
      this.completed.add(state);
      this.#take(this.#graph.onDone.get(state) ?? []);
      // Beyond its own parent a completion counts only as that of a region.
      if (!state.isRegion) return;
    }
  }

  #take(edges: readonly Edge[]): void {
    for (const edge of edges) {
      this.taken.add(edge);
      this.#agenda.push(...edge.entered);
    }
  }
}
