import { ToolError, type Address, type Criterion, type Evidence, type Tool } from "@orgtree/core";
import { checkTool } from "./claims.ts";
import type { Contract } from "./contract.ts";
import type { RunRecord } from "./run-record.ts";

/** Executes the checks of a contract and records them; the only place where evidence is made. */
export class Checker {
  readonly contract: Contract;
  readonly #fingerprint: () => Promise<string>;
  readonly #record: RunRecord;

  constructor(contract: Contract, fingerprint: () => Promise<string>, record: RunRecord) {
    this.contract = contract;
    this.#fingerprint = fingerprint;
    this.#record = record;
  }

  /** Fingerprint of the work as it stands. */
  fingerprint(): Promise<string> {
    return this.#fingerprint();
  }

  /** Executes one check. The work must not change meanwhile, or the evidence would be of nothing. */
  async run(criterion: Criterion, by: Address, context: { readonly signal: AbortSignal; readonly key: string }): Promise<Evidence> {
    const artefact = await this.#fingerprint();
    const { passed, observed } = await criterion.check.run(context);
    const after = await this.#fingerprint();
    const evidence: Evidence =
      after === artefact
        ? { criterion: criterion.id, key: context.key, by, artefact, passed, observed }
        : { criterion: criterion.id, key: context.key, by, artefact, passed: false, observed: "the work changed while it was checked" };
    this.#record.add({ kind: "check", ...evidence });
    return evidence;
  }

  /** The checks as a tool for the agent at `by`. */
  tool(by: Address): Tool {
    const ids = this.contract.criteria.map(({ id }) => id);
    return {
      name: checkTool,
      description: "Executes the acceptance check of a criterion on the work as it stands, and tells what came out.",
      kind: "idempotent",
      timeoutMs: 600_000,
      parameters: {
        type: "object",
        properties: { criterion: { type: "string", enum: ids } },
        required: ["criterion"],
        additionalProperties: false,
      },
      inputSchema: { "~standard": { version: 1, vendor: "orgtree", validate: (value) => ({ value }) } },
      run: async (input, context) => {
        const id = (input as { criterion?: unknown } | null)?.criterion;
        const criterion = this.contract.criteria.find((each) => each.id === id);
        if (criterion === undefined)
          throw new ToolError(checkTool, "invalid-input", { message: `criterion must be one of ${ids.join(", ")}` });
        const { passed, observed } = await this.run(criterion, by, context);
        return `${passed ? "passed" : "FAILED"}\n${observed}`;
      },
    };
  }
}
