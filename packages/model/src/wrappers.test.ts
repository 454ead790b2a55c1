import { toStep } from "../test-support/contract-step.ts";
import { makeFakeClock } from "../test-support/fake-clock.ts";
import { modelContract } from "../test-support/model-contract.ts";
import { circuitBreaker } from "./circuit-breaker.ts";
import { rateLimited } from "./concurrency-limit.ts";
import { recordingModel } from "./recording/recordings.ts";
import { withRetries } from "./retries.ts";
import { scriptedModel } from "./script/scripted-model.ts";

// Each wrapper is a ModelClient, so all of them together have to be one too.
modelContract("scripted, within retries, circuit breaker, concurrency limit and recorder", async (calls) => {
  const clock = makeFakeClock();
  const scripted = scriptedModel(calls.map(({ answer }) => toStep(answer)));
  const retrying = withRetries(scripted, { maxRetries: 0, clock, random: { next: () => 0 } });
  const limited = rateLimited(circuitBreaker(retrying, { clock }), { clock });
  return { client: recordingModel(limited, () => {}), waiting: () => scripted.called(1), [Symbol.asyncDispose]: async () => {} };
});
