import { describe, expect, test } from "vitest";

import { toStep } from "../test-support/contract-step.ts";
import { makeFakeClock } from "../test-support/fake-clock.ts";
import { modelContract } from "../test-support/model-contract.ts";
import { circuitBreaker } from "./circuit-breaker.ts";
import { rateLimited } from "./concurrency-limit.ts";
import { recordingModel } from "./recording/recordings.ts";
import { withRetries } from "./retries.ts";
import { replayingModel } from "./recording/replaying-model.ts";
import { scriptedModel } from "./script/scripted-model.ts";

// Each wrapper is a ModelClient, so all of them together have to be one too.
modelContract("scripted, within retries, circuit breaker, concurrency limit and recorder", async (calls) => {
  const clock = makeFakeClock();
  const scripted = scriptedModel(calls.map(({ answer }) => toStep(answer)));
  const retrying = withRetries(scripted, { maxRetries: 0, clock, random: { next: () => 0 } });
  const limited = rateLimited(circuitBreaker(retrying, { clock }), { clock });
  return { client: recordingModel(limited, () => {}), waiting: () => scripted.called(1), [Symbol.asyncDispose]: async () => {} };
});

describe("isPriced", () => {
  const free = { inputPerMillion: 0, outputPerMillion: 0 };
  test.each([
    { what: "prices of 0", prices: free, isPriced: true },
    { what: "no prices", prices: undefined, isPriced: false },
  ])("is $isPriced with $what, through all wrappers and in a recording", async ({ prices, isPriced }) => {
    const clock = makeFakeClock();
    const lines: string[] = [];
    const retrying = withRetries(scriptedModel(["The sea."], { prices }), { clock, random: { next: () => 0 } });
    const limited = rateLimited(circuitBreaker(retrying, { clock }), { clock });
    const client = recordingModel(limited, (line) => void lines.push(line));
    expect(client.isPriced).toBe(isPriced);
    await client.complete({ messages: [] });
    expect(replayingModel(lines.join("\n")).isPriced).toBe(isPriced);
  });

  test("is unknown around a client that does not say", () => {
    const { provider, model, complete, worstCase } = scriptedModel([]);
    expect(withRetries({ provider, model, complete, worstCase }, { clock: makeFakeClock(), random: { next: () => 0 } }).isPriced).toBe(
      undefined,
    );
  });
});
