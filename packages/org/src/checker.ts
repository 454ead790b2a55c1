import { ToolError, type Address, type CheckContext, type Evidence, type Tool } from "@orgtree/core";
import { checkOutcome } from "./check-outcome.ts";
import { checkToolName } from "./claims.ts";
import type { Criterion, RunContract } from "./contract.ts";
import type { RunRecord } from "./run-record.ts";

/**
 * Executes the checks of a contract for one agent and records them: the only place where evidence is made. What is executed is the
 * contract's, and in whose name is settled: an agent that has a checker can have checks executed, and nothing else.
 */
export class Checker {
  /** What the work has to fulfil. */
  readonly criteria: readonly Pick<Criterion, "id" | "statement">[];
  readonly #contract: RunContract;
  readonly #by: Address;
  readonly #record: RunRecord;

  constructor(contract: RunContract, by: Address, record: RunRecord) {
    this.criteria = contract.criteria.map(({ id, statement }) => Object.freeze({ id, statement }));
    this.#contract = contract;
    this.#by = by;
    this.#record = record;
  }

  /**
   * Executes the check of a criterion on the work as it stands. The work must not change meanwhile, or nobody could say what was handed
   * in. Rejects with `ToolError` for a criterion that there is not, `CheckOutcomeError` for a check that does not answer as one, else
   * as the check does.
   */
  async run(criterion: string, context: CheckContext): Promise<Evidence> {
    const { check, id } = this.#criterion(criterion);
    const { key, signal } = context;
    const artefact = await this.#contract.fingerprint();
    const at = this.criteria.findIndex((each) => each.id === id);
    const { passed, observed } = checkOutcome(await check.run({ key, signal, artefact }), `contract.criteria[${at}].check.run`);
    const isSame = (await this.#contract.fingerprint()) === artefact;
    const outcome = isSame ? { passed, observed } : { passed: false, observed: "the work changed while it was checked" };
    const evidence: Evidence = { criterion, key, by: this.#by, artefact, ...outcome };
    this.#record.add({ kind: "check", ...evidence });
    return evidence;
  }

  /** The checks as a tool. */
  tool(): Tool {
    const ids = this.criteria.map(({ id }) => id);
    return {
      name: checkToolName,
      description: "Executes the acceptance check of a criterion on the work as it stands, and tells what came out.",
      kind: "pure",
      parameters: {
        type: "object",
        properties: { criterion: { type: "string", enum: ids } },
        required: ["criterion"],
        additionalProperties: false,
      },
      run: async (input, context) => {
        const { passed, observed } = await this.run(String((input as { criterion?: unknown } | null)?.criterion), context);
        return `${passed ? "passed" : "FAILED"}\n${observed}`;
      },
    };
  }

  #criterion(id: string): Criterion {
    const { criteria } = this.#contract;
    const found = criteria.find((each) => each.id === id);
    if (found !== undefined) return found;
    throw new ToolError(checkToolName, "invalid-input", {
      message: `criterion must be one of ${criteria.map((each) => each.id).join(", ")}`,
    });
  }
}
