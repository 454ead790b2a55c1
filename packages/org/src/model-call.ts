import { ModelError, type ModelRequest, type ModelResponse } from "@orgtree/core";
import { fromWork, type WorkContext } from "@orgtree/runtime";
import type { AgentWorld } from "./world.ts";

/** The invoke logic that asks an agent's model: budget reserved at the worst case before, settled after, recorded. */
export function modelCall(
  world: Pick<AgentWorld, "address" | "model" | "record">,
): ReturnType<typeof fromWork<ModelRequest, ModelResponse>> {
  return fromWork<ModelRequest, ModelResponse>({ kind: "idempotent", run: (request, context) => callModel(world, request, context) });
}

async function callModel(
  world: Pick<AgentWorld, "address" | "model" | "record">,
  request: ModelRequest,
  context: WorkContext,
): Promise<ModelResponse> {
  const { model, record, address } = world;
  const { key } = context;
  const whole = { ...request, key };
  const reservation = context.budget.reserve(model.worstCase(whole));
  let response: ModelResponse;
  try {
    response = await model.complete(whole, { signal: context.signal });
  } catch (error) {
    // A call that was refused at the door cost nothing; of one that was cut off nobody knows.
    if (error instanceof ModelError && isFree(error)) reservation.settle({});
    else reservation.keep();
    throw error;
  }
  const tokens = response.usage.inputTokens + response.usage.outputTokens;
  const usd = response.usd ?? 0;
  reservation.settle({ tokens, usd });
  record.add({ kind: "model", key, by: address, model: response.model, tokens, usd });
  return response;
}

function isFree(error: ModelError): boolean {
  return error.kind === "rate-limit" || error.kind === "auth" || error.kind === "bad-request" || error.kind === "context-overflow";
}
