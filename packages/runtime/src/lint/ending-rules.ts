/**
 * Rules about the end of a machine: there is one, and every state gets there.
 */
import { reachedLeaves, type Analysis } from "./analysis.ts";
import { completionEvent, leadsOut } from "./edge.ts";
import { lintError, lintWarning, type LintFinding } from "./finding.ts";
import { edgesFrom, type MachineGraph } from "./machine-graph.ts";
import { initialKey, type State } from "./state-tree.ts";

/** The final states by which the machine ends; of a parallel machine those of its regions, which must all be there at once. */
export function endStates(state: State): readonly State[] {
  switch (state.kind) {
    case "final":
      return [state];
    case "compound":
      return state.children.filter((child) => child.kind === "final");
    case "parallel":
      return state.children.flatMap(endStates);
    case "atomic":
    case "history":
      return [];
    default:
      return state.kind satisfies never;
  }
}

/** `no-final`. Where it strikes, `cannot-finish` is silent: it would name every state for this one reason. */
export function* noFinal({ graph }: Analysis): Generator<LintFinding> {
  const endless = withoutEnd(graph.root);
  if (endless === graph.root)
    yield lintError("no-final", endless.id, `"${endless.id}" has no final state at its top level and never ends: add one, and a way to it`);
  else if (endless)
    yield lintError(
      "no-final",
      graph.root.id,
      `"${graph.root.id}" is parallel and ends only with every region in a final state, but "${endless.id}" has none: add one, and a way to it`,
    );
}

/** `unknown-initial`. */
export function* unknownInitial({ graph }: Analysis): Generator<LintFinding> {
  for (const state of graph.states) {
    if (state.kind !== "compound" || state.defaults.length > 0) continue;
    const known = Object.keys(state.node.states).join(", ");
    yield lintError(
      "unknown-initial",
      state.id,
      `"${state.id}" begins with "${initialKey(state.node)}", which it does not have: name one of ${known}`,
    );
  }
}

/** `dead-end` and `cannot-finish`, one of them for each reachable leaf from which the machine cannot end. */
export function* stuckStates(analysis: Analysis): Generator<LintFinding> {
  const { graph, finishing } = analysis;
  const isEndless = withoutEnd(graph.root) !== undefined;
  for (const leaf of reachedLeaves(analysis)) {
    if (finishing.has(leaf) || leaf === graph.root) continue;
    if (leaf.kind !== "final" && isDeadEnd(graph, leaf))
      yield lintError("dead-end", leaf.id, `"${leaf.id}" has no way out: add a transition or an after that leads on, or make it final`);
    else if (!isEndless) yield lintError("cannot-finish", leaf.id, whyStuck(analysis, leaf));
  }
}

/** `unreachable`, for the outermost state only. */
export function* unreachable({ graph, reachability: { reached } }: Analysis): Generator<LintFinding> {
  for (const state of graph.states)
    if (state.kind !== "history" && !reached.has(state) && state.parent && reached.has(state.parent))
      yield lintWarning("unreachable", state.id, `nothing leads to "${state.id}": add the transition that was meant, or remove the state`);
}

/**
 * `final-goes-nowhere`: a nested state that can be complete while nobody handles its `onDone`.
 *
 * The final state of a region only marks that region; it is the parallel state that is complete, when all regions are.
 * Nested ends that are traps are errors already, so they are left to `cannot-finish`.
 */
export function* finalGoesNowhere({ graph, reachability: { completed, reached }, finishing }: Analysis): Generator<LintFinding> {
  for (const state of completed) {
    if (state === graph.root || state.kind === "final" || state.isRegion || isCompletionHeard(state)) continue;
    if (endStates(state).every((end) => finishing.has(end) || !reached.has(end)))
      yield lintWarning(
        "final-goes-nowhere",
        state.id,
        `"${state.id}" can be complete, but nothing handles that: add onDone to "${state.id}", or make its final states ordinary ones`,
      );
  }
}

/** The first state that keeps the given one from ever being complete. */
function withoutEnd(state: State): State | undefined {
  if (state.kind === "final") return undefined;
  if (state.kind !== "parallel" || state.isLeaf) return endStates(state).length === 0 ? state : undefined;
  for (const region of state.children) {
    const endless = withoutEnd(region);
    if (endless) return endless;
  }
  return undefined;
}

function isDeadEnd(graph: MachineGraph, leaf: State): boolean {
  return !edgesFrom(graph, leaf).some((edge) => leadsOut(edge, leaf));
}

function isCompletionHeard(state: State): boolean {
  const event = completionEvent(state);
  for (let around: State | undefined = state; around; around = around.parent) if (around.node.transitions.has(event)) return true;
  return false;
}

function whyStuck({ reachability: { completed } }: Analysis, leaf: State): string {
  const base = `from "${leaf.id}" no end of the machine can be reached`;
  let complete = leaf;
  while (complete.parent && (complete === leaf ? leaf.kind === "final" : complete.isRegion) && completed.has(complete.parent))
    complete = complete.parent;
  if (complete !== leaf && !complete.isRegion)
    return `${base}: it completes "${complete.id}", so add an onDone to "${complete.id}" that leads on`;
  for (let inner: State | undefined = leaf; inner?.parent; inner = inner.parent) {
    const blocking = inner.isRegion ? inner.parent.children.find((region) => region !== inner && !completed.has(region)) : undefined;
    if (blocking)
      return `${base}: "${inner.parent.id}" is complete only with every region, and "${blocking.id}" never is; let it end, or lead on from here`;
  }
  return `${base}: add a transition that leads towards a final state`;
}
