import { ModelError, type Address, type ModelClient, type ModelRequest, type ModelResponse } from "@orgtree/core";
import type { WorkContext } from "@orgtree/runtime";
import type { RunRecord } from "./run-record.ts";

/** The model of one agent: no call without room in the budget, and every call in the record. */
export class AgentModel {
  readonly #client: ModelClient;
  readonly #by: Address;
  readonly #record: RunRecord;

  constructor(client: ModelClient, by: Address, record: RunRecord) {
    this.#client = client;
    this.#by = by;
    this.#record = record;
  }

  /**
   * Asks; the budget of `context` is reserved at the worst case before, and settled after. Rejects with `BudgetExhaustedError` when it
   * has no room, else as the client does.
   */
  async ask(request: ModelRequest, context: WorkContext): Promise<ModelResponse> {
    const { key } = context;
    const whole = { ...request, key };
    const reservation = context.budget.reserve(this.#client.worstCase(whole));
    let response: ModelResponse;
    try {
      response = await this.#client.complete(whole, { signal: context.signal });
    } catch (error) {
      // A call that was refused at the door cost nothing; of one that was cut off nobody knows.
      if (error instanceof ModelError && isFree(error)) reservation.settle({});
      else reservation.keep();
      throw error;
    }
    const tokens = response.usage.inputTokens + response.usage.outputTokens;
    const { usd } = response;
    reservation.settle({ tokens, usd: usd ?? 0 });
    this.#record.add({ kind: "model", key, by: this.#by, model: response.model, tokens, usd });
    return response;
  }
}

function isFree(error: ModelError): boolean {
  return error.kind === "rate-limit" || error.kind === "auth" || error.kind === "bad-request" || error.kind === "context-overflow";
}
