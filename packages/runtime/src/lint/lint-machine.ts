import type { AnyStateMachine } from "xstate";
import { analyse, type Rule } from "./analysis.ts";
import { invokeWithoutOnError, wildcardSwallowsErrors } from "./child-rules.ts";
import { endStates, finalGoesNowhere, noFinal, stuckStates, unknownInitial, unreachable } from "./ending-rules.ts";
import type { LintFinding } from "./finding.ts";
import { missingImplementations, spawnWithoutId, undeclaredPromises } from "./implementations.ts";
import { microstepLoop } from "./microstep-loop.ts";
import { noTimeout } from "./no-timeout.ts";
import { unboundedLoop } from "./unbounded-loop.ts";
import { unknownEnd } from "./unknown-end.ts";

/** What is known about the surroundings of a machine. */
export interface LintOptions {
  /** The actor has a deadline in wall time, for example from its charter; satisfies `no-timeout`. Default false. */
  readonly deadline?: boolean | undefined;
}

/** What the lint found in one machine. */
export interface LintReport {
  /** Id of the machine. */
  readonly machine: string;
  /** In document order of the states. */
  readonly findings: readonly LintFinding[];
  readonly errors: number;
  readonly warnings: number;
  /** Ids of the states by which the machine ends; of a parallel machine, of the final states of its regions. */
  readonly finals: readonly string[];
}

const rules: readonly Rule[] = [
  noFinal,
  unknownInitial,
  stuckStates,
  unknownEnd,
  missingImplementations,
  spawnWithoutId,
  microstepLoop,
  unreachable,
  noTimeout,
  finalGoesNowhere,
  unboundedLoop,
  undeclaredPromises,
  invokeWithoutOnError,
  wildcardSwallowsErrors,
];

/**
 * The termination lint: whether a machine can end from wherever it may get, and cannot hang, loop or lose errors on the way.
 *
 * It judges the structure alone. It runs no guard, action or context factory, and takes every guard as possible, so a
 * machine without findings may still not end when its guards never hold. Linear in the size of the machine, about.
 *
 * @example
 * lintMachine(machine, { deadline: true }).findings.map((finding) => finding.message);
 */
export function lintMachine(machine: AnyStateMachine, options: LintOptions = {}): LintReport {
  const analysis = analyse(machine, options.deadline ?? false);
  const order = new Map(analysis.graph.states.map((state) => [state.id, state.index]));
  const findings: LintFinding[] = [];
  for (const rule of rules) findings.push(...rule(analysis));
  findings.sort((one, other) => order.get(one.state)! - order.get(other.state)!);
  const errors = findings.filter((finding) => finding.severity === "error").length;
  return {
    machine: machine.id,
    findings,
    errors,
    warnings: findings.length - errors,
    finals: endStates(analysis.graph.root).map((state) => state.id),
  };
}
