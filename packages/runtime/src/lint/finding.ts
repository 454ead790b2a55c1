/**
 * Every rule of the termination lint.
 *
 * Errors are certain faults of the structure, with each guard taken as possible; what is only likely is a warning.
 * There is no rule against eventless transitions without `options.maxIterations`: the runtime forces that limit.
 */
export type LintRule =
  | "no-final" // the machine has no end state (error)
  | "unknown-initial" // `initial` names no state: the machine fails at its start (error)
  | "dead-end" // nothing leads out of a state (error)
  | "cannot-finish" // things happen, but no end state can be reached (error)
  | "unknown-end" // `meta.exit` of a final state says something the runtime does not know (error)
  | "missing-action" // named, not implemented: XState skips it silently (error)
  | "missing-guard" // … the actor fails (error)
  | "missing-delay" // … the transition fires at once (error)
  | "missing-actor" // … nothing is started, or the actor fails (error)
  | "spawn-without-id" // children under the key "undefined" replace one another (error)
  | "microstep-loop" // eventless transitions in a circle (error when nothing can break it, else warning)
  | "unreachable" // nothing leads to a state (warning)
  | "no-timeout" // a state may wait for ever (warning)
  | "final-goes-nowhere" // a nested end that nobody hears (warning)
  | "unbounded-loop" // goes round by itself, and nothing counts (warning)
  | "undeclared-promise" // nobody knows whether it may begin again after a crash (warning)
  | "invoke-without-onError" // a failing child fails the actor (warning)
  | "wildcard-swallows-errors"; // a wildcard takes the errors of children too (warning)

/** One fault, at one state. */
export interface LintFinding {
  readonly rule: LintRule;
  readonly severity: "error" | "warning";
  /** Id of the state node, for example `desk.writing.draft`. */
  readonly state: string;
  /** What is wrong, and what to do about it. */
  readonly message: string;
}

/** A certain fault: the machine is refused. */
export function lintError(rule: LintRule, state: string, message: string): LintFinding {
  return { rule, severity: "error", state, message };
}

/** A likely fault: the machine runs. */
export function lintWarning(rule: LintRule, state: string, message: string): LintFinding {
  return { rule, severity: "warning", state, message };
}
