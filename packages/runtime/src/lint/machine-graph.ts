import type { AnyStateMachine } from "xstate";
import { isWildcard, takes } from "./descriptor.ts";
import { completionEvent, readEdges, type Edge } from "./edge.ts";
import { preemptionOf, takable, unhindered, type Preemption } from "./untaken.ts";
import { readStateTree, type State, type StateTree } from "./state-tree.ts";

/**
 * What can be taken while a state is active: its own edges, then those of the states around it that it does not hide.
 *
 * A list of lists, so that a thousand states share the edges of their parent instead of each holding a copy.
 */
export interface Ways {
  readonly edges: readonly Edge[];
  readonly above: Ways | undefined;
}

/** A machine as a graph, read from the public fields of its state nodes. No code of the user runs. */
export interface MachineGraph extends StateTree {
  readonly machine: AnyStateMachine;
  readonly ways: ReadonlyMap<State, Ways>;
  /** The `onDone` of the states that have one; not among its ways, since it needs the state to be complete, not just active. */
  readonly onDone: ReadonlyMap<State, readonly Edge[]>;
}

/** Reads a machine. Linear in states and transitions, save where states hide transitions of their ancestors. */
export function readMachine(machine: AnyStateMachine): MachineGraph {
  const tree = readStateTree(machine);
  const ways = new Map<State, Ways>();
  const onDone = new Map<State, readonly Edge[]>();
  const preemptions = new Map<State, Preemption>();
  for (const state of tree.states) {
    const written = readEdges(state, tree.stateOf);
    const preemption = preemptionOf(state, written, state.parent === undefined ? unhindered : preemptions.get(state.parent)!);
    preemptions.set(state, preemption);
    const edges = takable(written, preemption);
    const done = completionEvent(state);
    const completion = state.node.transitions.has(done) ? edges.filter((edge) => edge.event === done) : [];
    const own = completion.length > 0 ? edges.filter((edge) => edge.event !== done) : edges;
    const around = state.parent && visibleFrom(ways.get(state.parent)!, edges);
    const above = around && preemption.isPassing ? eventless(around) : around;
    if (completion.length > 0) onDone.set(state, completion);
    ways.set(state, own.length === 0 && above ? above : { edges: own, above });
    // The machine ends in the step that gets here; nothing written here or around is taken any more.
    if (state.kind === "final" && (!state.parent || (state.parent === tree.root && tree.root.kind === "compound")))
      ways.set(state, { edges: [], above: undefined });
  }
  return { machine, ...tree, ways, onDone };
}

/** In a state that is left at once, only eventless transitions of the states around it get a chance. */
function eventless(ways: Ways): Ways {
  const edges: Edge[] = [];
  for (let part: Ways | undefined = ways; part; part = part.above) edges.push(...part.edges.filter(({ kind }) => kind === "always"));
  return { edges, above: undefined };
}

/** All edges that can be taken while a state is active, innermost first: the order in which XState tries them. */
export function edgesFrom(graph: MachineGraph, state: State): readonly Edge[] {
  const ways = graph.ways.get(state)!;
  if (!ways.above) return ways.edges;
  const edges: Edge[] = [];
  for (let part: Ways | undefined = ways; part; part = part.above) edges.push(...part.edges);
  return edges;
}

/**
 * The ways of a parent without what `edges` of a child hide: an unguarded transition of the child, a forbidden one
 * (`EVENT: {}`) included, always wins over an ancestor's for the same event, and a wildcard wins over nearly all.
 */
function visibleFrom(ways: Ways, edges: readonly Edge[]): Ways {
  if (edges.length === 0 || (ways.edges.length === 0 && !ways.above)) return ways;
  const hiding = new Set(edges.filter((edge) => !edge.guarded).map((edge) => edge.event));
  if (hiding.size === 0) return ways;
  const wildcards = [...hiding].filter(isWildcard);
  const isHidden = ({ event, kind }: Edge): boolean =>
    hiding.has(event) || (kind !== "always" && wildcards.some((wildcard) => takes(wildcard, event)));
  const parts: Ways[] = [];
  let lastHit = -1;
  for (let part: Ways | undefined = ways; part; part = part.above) {
    parts.push(part);
    if (part.edges.some(isHidden)) lastHit = parts.length - 1;
  }
  // Only the parts up to the last hidden edge are copied; the rest stays shared.
  let visible: Ways | undefined = lastHit < 0 ? ways : parts[lastHit]?.above;
  for (const part of parts.slice(0, lastHit + 1).reverse())
    visible = { edges: part.edges.filter((edge) => !isHidden(edge)), above: visible };
  return visible ?? { edges: [], above: undefined };
}
