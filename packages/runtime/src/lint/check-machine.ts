import type { AnyStateMachine } from "xstate";
import { MachineLintError } from "./lint-error.ts";
import { lintMachine, type LintOptions, type LintReport } from "./lint-machine.ts";

const checked = {
  withDeadline: new WeakMap<AnyStateMachine, LintReport>(),
  withoutDeadline: new WeakMap<AnyStateMachine, LintReport>(),
};

/**
 * Lints a machine before it is run, and returns the report, whose warnings the caller may show.
 *
 * A machine is linted once, however many actors run it: machines do not change, and `provide` makes a new one.
 *
 * Throws `MachineLintError` when there are errors; warnings alone never throw.
 */
export function checkMachine(machine: AnyStateMachine, options: LintOptions = {}): LintReport {
  const reports = options.deadline ? checked.withDeadline : checked.withoutDeadline;
  let report = reports.get(machine);
  if (!report) reports.set(machine, (report = lintMachine(machine, options)));
  if (report.errors > 0) throw new MachineLintError(report);
  return report;
}
