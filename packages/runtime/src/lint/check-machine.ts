import type { AnyStateMachine } from "xstate";
import { MachineLintError } from "./lint-error.ts";
import { lintMachine } from "./lint-machine.ts";

const passed = new WeakSet<AnyStateMachine>();

/**
 * Lints a machine before it is run; throws `MachineLintError` when there are errors. Warnings never throw.
 *
 * A machine is linted once, however many actors run it: machines do not change, and `provide` makes a new one.
 */
export function checkMachine(machine: AnyStateMachine): void {
  if (passed.has(machine)) return;
  const report = lintMachine(machine);
  if (report.errors > 0) throw new MachineLintError(report);
  passed.add(machine);
}
