import { reachedLeaves, type Analysis } from "./analysis.ts";
import { describeCycle, findCycles } from "./cycles.ts";
import { exits, type Edge } from "./edge.ts";
import { lintWarning, type LintFinding } from "./finding.ts";
import { edgesFrom, type MachineGraph } from "./machine-graph.ts";
import type { State } from "./state-tree.ts";

/**
 * `unbounded-loop`: a circle that the machine goes round by itself, by timeouts, results, errors and eventless
 * transitions, with no guard that could count the rounds.
 *
 * It is bounded by a guard on any of the transitions of its states that need no event, whether inside or out of the
 * circle, and by a timeout of a state around it. An event from outside that could stop it does not bound it, and neither
 * does the deadline of a charter: that is there for every machine, and shows no thought of this loop.
 *
 * A heuristic, hence a warning. Circles of eventless transitions alone are left to `microstep-loop`.
 */
export function* unboundedLoop(analysis: Analysis): Generator<LintFinding> {
  const { graph } = analysis;
  const selfDriven = new Map(reachedLeaves(analysis).map((leaf) => [leaf, selfDrivenEdges(analysis, leaf)]));
  const successors = (state: State): readonly State[] => {
    if (!state.isLeaf) return state.defaults;
    const edges = selfDriven.get(state) ?? [];
    if (edges.some((edge) => edge.guarded && edge.targets.length > 0)) return [];
    return edges.flatMap((edge) => (exits(edge, state) ? edge.entered : []));
  };
  for (const cycle of findCycles(graph.states, successors)) {
    const members = new Set(cycle);
    const leaves = cycle.filter((state) => state.isLeaf);
    const inner = leaves.flatMap((leaf) => selfDriven.get(leaf)!.filter((edge) => edge.entered.some((state) => members.has(state))));
    if (inner.every((edge) => edge.kind === "always") || isTimed(graph, members)) continue;
    yield lintWarning(
      "unbounded-loop",
      leaves[0]!.id,
      `goes round by itself, and nothing counts: ${describeCycle(leaves)}; guard one of these transitions, or put an after on a state around them`,
    );
  }
}

/** What can move the machine on from a leaf, round after round, without an event from outside. */
function selfDrivenEdges({ graph, reachability }: Analysis, leaf: State): readonly Edge[] {
  const edges = edgesFrom(graph, leaf).filter(({ kind, source, domain }) => {
    if (kind === "event") return false;
    // A timer or an actor of a state around that stays active has only one go.
    return kind === "always" || source === leaf || domain !== source;
  });
  let complete = leaf;
  while (complete.parent && (complete === leaf ? leaf.kind === "final" : complete.isRegion)) {
    complete = complete.parent;
    if (!reachability.completed.has(complete)) break;
    edges.push(...(graph.onDone.get(complete) ?? []));
  }
  return edges;
}

/** Whether a state around the whole circle leaves it after a time; a timer that starts anew in each round bounds nothing. */
function isTimed(graph: MachineGraph, cycle: ReadonlySet<State>): boolean {
  const [first] = cycle;
  for (const edge of edgesFrom(graph, first!)) {
    if (edge.kind !== "after" || edge.guarded || edge.targets.length === 0) continue;
    const isAround = [...cycle].every((state) => edge.source.contains(state));
    if (isAround && !edge.targets.some((target) => cycle.has(target))) return true;
  }
  return false;
}
