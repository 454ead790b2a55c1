import type { AnyStateMachine } from "xstate";
import type { LintFinding } from "./finding.ts";
import { findFinishing } from "./finishing.ts";
import { readMachine, type MachineGraph } from "./machine-graph.ts";
import { explore, type Reachability } from "./reachability.ts";
import type { State } from "./state-tree.ts";

/** What the rules know of a machine. */
export interface Analysis {
  readonly graph: MachineGraph;
  readonly reachability: Reachability;
  /** Reachable leaves from which the machine can end. */
  readonly finishing: ReadonlySet<State>;
  /** Whether a deadline from outside bounds every wait. */
  readonly deadline: boolean;
}

/** A rule, or a family of rules that need the same preparation. */
export type Rule = (analysis: Analysis) => Iterable<LintFinding>;

/** Reads and explores a machine; runs none of its code. */
export function analyse(machine: AnyStateMachine, deadline: boolean): Analysis {
  const graph = readMachine(machine);
  const reachability = explore(graph);
  return { graph, reachability, finishing: findFinishing(graph, reachability), deadline };
}

/** The leaves that may be active, in document order. */
export function reachedLeaves({ graph, reachability }: Analysis): readonly State[] {
  return graph.states.filter((state) => state.isLeaf && reachability.reached.has(state));
}
