import { SpecError } from "@orgtree/core";
import { MachineLintError, typeOfLogic } from "@orgtree/runtime";
import type { RunTree } from "./run-tree.ts";

/**
 * Checks what would run in each place of a run, so that nothing is started of one that cannot be started whole.
 *
 * Throws `MachineLintError` for a machine that cannot end, with the place before its own id, since a machine without an id
 * could not be found by it; `SpecError` for what is no logic.
 */
export function checkLogics({ spec, agents }: RunTree): void {
  for (const child of spec.logic.spec.children ?? []) {
    const field = agents.has(child.id) ? `agents.${child.id}` : child.id;
    try {
      if (typeof child.logic !== "object" || child.logic === null) throw new SpecError(field, `nothing that runs: ${String(child.logic)}`);
      typeOfLogic(child.logic);
    } catch (error) {
      if (error instanceof MachineLintError)
        throw new MachineLintError({ machine: `${field}: ${error.machine}`, findings: error.findings });
      if (error instanceof SpecError) throw new SpecError(field, "its function has to give an XState machine, plain() or machine()");
      throw error;
    }
  }
}
