import { type Address, type ModelClient, type ModelRequest, type ModelResponse, redact, redactText } from "@orgtree/core";
import type { WorkContext } from "@orgtree/runtime";
import { CallMeter } from "./call-meter.ts";
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
   * Asks; the budget of `context` is reserved at the worst case before each attempt, and settled after. Rejects with
   * `BudgetExhaustedError` when it has no room, also for an attempt after the first; without having asked where that cannot be stored; else as
   * the client does.
   */
  async ask(request: ModelRequest, context: WorkContext): Promise<ModelResponse> {
    const { key } = context;
    const whole = { ...request, key };
    const meter = new CallMeter(() => context.budget.reserve(this.#client.worstCase(whole)));
    meter.begin();
    try {
      // A process that dies in the middle of the call has counted it.
      await context.budget.stored();
    } catch (error) {
      meter.settle({ tokens: 0, usd: 0 });
      throw error;
    }
    const options = { signal: context.signal, meter };
    let response: ModelResponse;
    try {
      response = redact(await this.#client.complete(whole, options));
    } catch (error) {
      meter.fail(error);
      const why = redactText(error instanceof Error ? error.message : String(error));
      this.#record.add({ kind: "model-failed", key, by: this.#by, model: this.#client.model, attempts: meter.attempts, why });
      throw error;
    }
    const tokens = response.usage.inputTokens + response.usage.outputTokens;
    const { usd } = response;
    meter.settle({ tokens, usd: usd ?? 0 });
    this.#record.add({ kind: "model", key, by: this.#by, model: response.model, tokens, usd, attempts: meter.attempts });
    return response;
  }
}
