import type { Signal } from "../actor/signal.ts";
import { reachedLeaves, type Analysis } from "./analysis.ts";
import { builtinOf, type BuiltinAction } from "./builtin-action.ts";
import { leadsOut, type Edge } from "./edge.ts";
import { lintWarning, type LintFinding } from "./finding.ts";
import { edgesFrom } from "./machine-graph.ts";
import { besideAnyOf, regionsLeft } from "./regions.ts";
import type { State } from "./state-tree.ts";

/**
 * `no-timeout`: a leaf that may wait for ever, because whoever it waits for may be gone.
 *
 * What bounds a wait: an unguarded `after` that leads out, of the leaf or of a state around it; one in a neighbouring
 * region that leaves the parallel state; an event that the machine raises to itself on entry, delayed or not; an
 * unguarded eventless transition; the failure of an ask, which the runtime sends when there is no answer in time; a
 * deadline from outside. A final state in a region waits for the other regions, and they have their own bounds. Dead ends
 * are errors already.
 */
export function* noTimeout(analysis: Analysis): Generator<LintFinding> {
  const { graph, reachability, deadline } = analysis;
  if (deadline) return;
  const isTimedBeside = besideAnyOf(regionsTimedOut(reachability.taken));
  for (const leaf of reachedLeaves(analysis)) {
    if (leaf.kind === "final" || leaf === graph.root || isTimedBeside(leaf)) continue;
    const waysOut = edgesFrom(graph, leaf).filter((edge) => leadsOut(edge, leaf));
    if (waysOut.length === 0 || waysOut.some(comesByItself)) continue;
    if (!isWokenByItself(analysis, leaf, waysOut))
      yield lintWarning("no-timeout", leaf.id, `"${leaf.id}" waits with no timeout: add an after to it or to a state around it`);
  }
}

function* regionsTimedOut(edges: Iterable<Edge>): Generator<State> {
  for (const edge of edges) if (edge.kind === "after" && !edge.guarded) yield* regionsLeft(edge);
}

const askFailed: Signal["type"] = "orgtree.ask-failed";

function comesByItself({ kind, event, guarded }: Edge): boolean {
  return !guarded && (kind === "after" || kind === "always" || event === askFailed);
}

function isWokenByItself({ graph }: Analysis, leaf: State, waysOut: readonly Edge[]): boolean {
  for (let state: State | undefined = leaf; state; state = state.parent)
    for (const action of state.node.entry) {
      const event = raisedEvent(builtinOf(graph.machine, action));
      // An event that is computed may be any of those that lead out.
      if (event === "computed" || waysOut.some((edge) => !edge.guarded && edge.event === event)) return true;
    }
  return false;
}

/** The type of the event that an action raises; undefined for other actions and for the timers of `after`. */
function raisedEvent(action: BuiltinAction | undefined): string | undefined {
  if (action?.type !== "xstate.raise" && action?.type !== "xstate.sendTo") return undefined;
  const { event } = action;
  if (typeof event === "function") return action.type === "xstate.raise" ? "computed" : undefined;
  if (typeof event !== "object" || event === null || !("type" in event)) return undefined;
  const type = String(event.type);
  return type.startsWith("xstate.after.") ? undefined : type;
}
