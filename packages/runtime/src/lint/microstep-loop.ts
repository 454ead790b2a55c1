/**
 * `microstep-loop`: eventless transitions that go round in a circle within one step, so that the step never ends.
 *
 * XState stops taking eventless transitions when one changes neither the active states nor the context, so a transition
 * that leads back to where it is loops only when it assigns, spawns or stops something.
 */
import { reachedLeaves, type Analysis } from "./analysis.ts";
import { builtinOf } from "./builtin-action.ts";
import { describeCycle, findCycles } from "./cycles.ts";
import { exits, leadsOut, type Edge } from "./edge.ts";
import { lintError, lintWarning, type LintFinding } from "./finding.ts";
import { edgesFrom, type MachineGraph } from "./machine-graph.ts";
import { besideAnyOf, regionsAround } from "./regions.ts";
import type { State } from "./state-tree.ts";

/**
 * An error when every step of the circle is forced: the first eventless transition to be tried, and unguarded. A warning
 * when a guard, or a neighbouring region, may break it. A guarded transition back to the same state is an ordinary idiom.
 */
export function* microstepLoop(analysis: Analysis): Generator<LintFinding> {
  const { graph, reachability } = analysis;
  if (![...reachability.taken].some((edge) => edge.kind === "always")) return;
  const eventless = new Map(reachedLeaves(analysis).map((leaf) => [leaf, eventlessEdges(graph, leaf)]));
  // Two eventless transitions of neighbouring regions may exclude each other, and then only one of them is taken.
  const mayBeBroken = besideAnyOf(regionsWithEventless(reachability.taken));
  const reported = new Set<State>();
  for (const cycle of circles(graph, (leaf) => eventless.get(leaf)?.filter((edge, rank) => rank === 0 && isForced(edge)) ?? [])) {
    for (const leaf of cycle) reported.add(leaf);
    const message = `eventless transitions go round without end: ${describeCycle(cycle)}`;
    // A final state in a region may be the last one that the end of a parallel machine waits for.
    const mayEnd = graph.root.kind === "parallel" && cycle.some((leaf) => leaf.kind === "final");
    yield mayEnd || cycle.some(mayBeBroken)
      ? lintWarning("microstep-loop", cycle[0]!.id, `${message}, unless another region breaks it: guard one of them`)
      : lintError("microstep-loop", cycle[0]!.id, `${message}: guard one of them, or wait for an event or a time`);
  }
  for (const cycle of circles(graph, (leaf) => eventless.get(leaf) ?? []))
    if (!cycle.some((leaf) => reported.has(leaf)))
      yield lintWarning(
        "microstep-loop",
        cycle[0]!.id,
        `only its guards keep this circle of eventless transitions from hanging: ${describeCycle(cycle)}; let something outside step in`,
      );
}

function* regionsWithEventless(edges: Iterable<Edge>): Generator<State> {
  for (const edge of edges) if (edge.kind === "always" && edge.targets.length > 0) yield* regionsAround(edge.source);
}

function eventlessEdges(graph: MachineGraph, leaf: State): readonly Edge[] {
  return edgesFrom(graph, leaf).filter((edge) => edge.kind === "always");
}

/** Whether the edge is taken for sure when it is tried, and leads where it says: a history may bring back another state. */
function isForced(edge: Edge): boolean {
  return !edge.guarded && edge.entered.every((state) => state.kind !== "history");
}

/** The leaves of each circle that the given edges make. */
function circles(graph: MachineGraph, edgesOfLeaf: (leaf: State) => readonly Edge[]): readonly (readonly State[])[] {
  const successors = (state: State): readonly State[] =>
    state.isLeaf ? edgesOfLeaf(state).flatMap((edge) => (leadsOut(edge, state) ? edge.entered : [])) : state.defaults;
  const alone = graph.states.filter((leaf) => edgesOfLeaf(leaf).some((edge) => isRestless(graph, edge, leaf))).map((leaf) => [leaf]);
  const together = findCycles(graph.states, successors).map((cycle) => cycle.filter((state) => state.isLeaf));
  return [...alone, ...together.filter((cycle) => cycle.length > 1)];
}

/** Whether the edge leads from the leaf back to it, and changes something each time. */
function isRestless(graph: MachineGraph, edge: Edge, leaf: State): boolean {
  if (edge.guarded || leadsOut(edge, leaf)) return false;
  const actions = [...edge.actions];
  for (let state: State | undefined = leaf; state && exits(edge, state); state = state.parent) {
    // An invoked actor is stopped and started.
    if (state.node.invoke.length > 0) return true;
    actions.push(...state.node.exit, ...state.node.entry);
  }
  return actions.some((action) => changing.has(builtinOf(graph.machine, action)?.type ?? ""));
}

const changing: ReadonlySet<string> = new Set(["xstate.assign", "xstate.spawnChild", "xstate.stopChild"]);
