import { ExpectedError } from "@orgtree/core";
import type { LintFinding } from "./finding.ts";
import type { LintReport } from "./lint-machine.ts";

/** Errors that the message spells out; `findings` holds them all. */
const shown = 10;

/** A machine was refused by the termination lint. Nothing was started. */
export class MachineLintError extends ExpectedError {
  override readonly name = "MachineLintError";
  readonly retryable = false;
  /** Id of the machine. */
  readonly machine: string;
  /** The errors; warnings are left out. */
  readonly findings: readonly LintFinding[];

  constructor({ machine, findings }: Pick<LintReport, "machine" | "findings">) {
    const errors = findings.filter((finding) => finding.severity === "error");
    const lines = errors.slice(0, shown).map(({ rule, message }) => `\n  ${rule}: ${message}`);
    const more = errors.length > shown ? `\n  and ${errors.length - shown} more` : "";
    super(`machine "${machine}" is refused, ${errors.length} ${errors.length === 1 ? "error" : "errors"}:${lines.join("")}${more}`);
    this.machine = machine;
    this.findings = errors;
  }
}
