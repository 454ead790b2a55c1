import { startChatServer } from "@orgtree/model/testing";
import {
  agent,
  ModelError,
  openaiModel,
  organization,
  run,
  systemClock,
  systemRandom,
  withRetries,
  type ModelClient,
  type RunResult,
} from "orgtree";
import { describe, expect, test } from "vitest";
import { runMode } from "./run-mode.ts";

const worst = 1_000;

/** A client whose attempts end like this, one after the other, and are answered then. */
function clientThat(...ends: readonly ModelError["kind"][]): { readonly client: ModelClient; readonly attempts: () => number } {
  let attempts = 0;
  const client: ModelClient = {
    provider: "p",
    model: "m",
    worstCase: () => ({ tokens: worst, usd: 0 }),
    complete: async () => {
      const kind = ends[attempts];
      attempts += 1;
      if (kind !== undefined) throw new ModelError(kind, "no answer", { status: kind === "rate-limit" ? 429 : undefined });
      const usage = { inputTokens: 10, outputTokens: 10, cachedInputTokens: 0, reasoningTokens: 0 };
      return { content: "The sea.", toolCalls: [], finishReason: "stop", usage, model: "m" };
    },
  };
  return { client, attempts: () => attempts };
}

const wait = { minMs: 1, maxMs: 1 };

/** One agent that may spend so much, with a client that tries twice. */
async function play(client: ModelClient, tokens: number): Promise<RunResult> {
  const desk = organization({ name: "desk", agents: { writer: agent({ purpose: "Write.", budget: { tokens }, backoff: wait }) } });
  return await run(desk, "the sea", { ...runMode, model: client });
}

function retrying(client: ModelClient, maxRetries = 1): ModelClient {
  return withRetries(client, { maxRetries, backoff: wait, clock: systemClock, random: systemRandom });
}

describe("a budget", () => {
  test("pays for every attempt whose outcome nobody knows, and has no room for one more", async () => {
    const { client, attempts } = clientThat("timeout", "rate-limit", "timeout", "rate-limit");
    const result = await play(retrying(client), worst);
    expect(result).toMatchObject({ status: "failed", failure: { class: "budget-exhausted", kind: "tokens" } });
    expect(attempts()).toBe(1);
  });

  test("is not refilled by a refusal after an attempt whose outcome nobody knows", async () => {
    const { client, attempts } = clientThat("timeout", "rate-limit", "timeout", "rate-limit");
    expect((await play(retrying(client), 2 * worst)).status).toBe("failed");
    expect(attempts()).toBe(3);
  });

  test("pays nothing for attempts that were refused, of wrappers around wrappers too", async () => {
    const { client, attempts } = clientThat("rate-limit", "rate-limit", "rate-limit");
    expect(await play(retrying(retrying(client)), worst)).toMatchObject({ status: "done", output: "The sea." });
    expect(attempts()).toBe(4);
  });

  test("pays for the answer and for what was lost before it", async () => {
    const lost = clientThat("timeout", "timeout");
    expect((await play(retrying(lost.client, 2), 3 * worst)).status).toBe("done");
    const poor = clientThat("timeout", "timeout");
    expect((await play(retrying(poor.client, 2), 3 * worst - 1)).status).toBe("failed");
    expect(poor.attempts()).toBe(2);
  });

  test("pays nothing where there was no connection", async () => {
    const server = await startChatServer({ replies: [] });
    const model = openaiModel({ apiKey: "k", baseURL: server.url, model: "tiny", maxRetries: 0 });
    await server.close();
    const result = await play(model, 10_000);
    // It would be the budget that ends it, were any of the calls paid for: each reserves more than a third.
    expect(result).toMatchObject({ status: "failed", failure: { class: "model-error", kind: "network" } });
  });
});
