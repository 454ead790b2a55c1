import type { AnyStateMachine } from "xstate";

/** A machine and what the lint says about it. */
export interface LintedMachine {
  readonly name: string;
  readonly machine: AnyStateMachine;
  /** Each finding as `severity rule state`, in order. */
  readonly findings: readonly string[];
}
