import { type ModelClient, ModelError, type ModelErrorKind, type ModelCallOptions, type AttemptMeter } from "@orgtree/core";
import { describe, expect, test, vi } from "vitest";

import { makeFakeClock } from "../test-support/fake-clock.ts";
import { type RetryOptions, withRetries } from "./retries.ts";
import type { Script } from "./script/script.ts";
import { callTool, failWith, hang, say } from "./script/script-step.ts";
import { scriptedModel } from "./script/scripted-model.ts";

const request = { messages: [] };

function makeRetrying(script: Script, options: Partial<RetryOptions> = {}) {
  const clock = makeFakeClock();
  const scripted = scriptedModel(script, { clock });
  const retries: number[] = [];
  const onRetry: RetryOptions["onRetry"] = ({ delayMs }) => void retries.push(delayMs);
  const client: ModelClient = withRetries(scripted, { clock, random: { next: () => 0 }, onRetry, ...options });
  return { client, clock, scripted, retries };
}

describe("withRetries", () => {
  test.each([
    ["rate-limit", 3],
    ["network", 3],
    ["timeout", 3],
    ["server", 3],
    ["refusal", 1],
    ["context-overflow", 1],
    ["invalid-output", 1],
    ["auth", 1],
    ["bad-request", 1],
  ] as const)("asks after %s failures %i times in all, and throws the last", async (kind: ModelErrorKind, attempts) => {
    const script = [1, 2, 3].map((n) => failWith(kind, { message: `failure ${n}` }));
    const { client, clock, scripted } = makeRetrying(script);
    const failed = expect(client.complete(request)).rejects.toMatchObject({ kind, message: `failure ${attempts}` });
    for (const delayMs of [500, 1_000].slice(0, attempts - 1)) {
      await clock.timerOf(delayMs);
      clock.advance(delayMs);
    }
    await failed;
    expect(scripted.requests).toHaveLength(attempts);
    expect(clock.pending).toBe(0);
  });

  test("doubles its waits up to the longest, and spreads them", async () => {
    const script = [1, 2, 3, 4].map(() => failWith("server"));
    const options = { maxRetries: 4, backoff: { minMs: 100, maxMs: 300 }, random: { next: () => 0.5 } };
    const { client, clock, retries } = makeRetrying([...script, say("at last")], options);
    const answer = client.complete(request);
    for (const delayMs of [110, 220, 330, 330]) {
      await clock.timerOf(delayMs);
      clock.advance(delayMs);
    }
    expect((await answer).content).toBe("at last");
    expect(retries).toEqual([110, 220, 330, 330]);
  });

  test("waits as long as the server asks, and no shorter than its own backoff", async () => {
    const script = [failWith("rate-limit", { retryAfterMs: 7_000 }), failWith("rate-limit", { retryAfterMs: 1 }), "at last"];
    const { client, clock, retries } = makeRetrying(script);
    const answer = client.complete(request);
    for (const delayMs of [7_000, 1_000]) {
      await clock.timerOf(delayMs);
      clock.advance(delayMs);
    }
    await answer;
    expect(retries).toEqual([7_000, 1_000]);
  });

  test("fails at once when the wait would end after the deadline", async () => {
    const { client, clock, scripted } = makeRetrying([failWith("rate-limit", { retryAfterMs: 60_000 })], { deadlineMs: 60_000 });
    await expect(client.complete(request)).rejects.toMatchObject({ kind: "rate-limit", retryAfterMs: 60_000 });
    expect(scripted.requests).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });

  test("ends the attempt that is under way at the deadline", async () => {
    const { client, clock, scripted } = makeRetrying([failWith("network"), hang()], { deadlineMs: 2_000 });
    const failed = expect(client.complete(request)).rejects.toMatchObject({ kind: "timeout", message: /within 2000 ms, retries included/ });
    await clock.timerOf(500);
    clock.advance(500);
    await scripted.called(2);
    clock.advance(1_500);
    await failed;
    expect(clock.pending).toBe(0);
  });

  test("rejects with the signal's reason when aborted in a wait", async () => {
    const { client, clock } = makeRetrying([failWith("network")]);
    const controller = new AbortController();
    const answer = client.complete(request, { signal: controller.signal });
    await clock.timerOf(500);
    const reason = new Error("stop");
    controller.abort(reason);
    await expect(answer).rejects.toBe(reason);
    expect(clock.pending).toBe(0);
  });

  test("lets one attempt be heard only", async () => {
    const script = [failWith("network"), [say("At no"), failWith("network")], say("At noon.")];
    const { client, clock } = makeRetrying(script);
    const heard: string[] = [];
    const answer = client.complete(request, { onText: (delta) => heard.push(delta) });
    for (const delayMs of [500, 1_000]) {
      await clock.timerOf(delayMs);
      clock.advance(delayMs);
    }
    expect((await answer).content).toBe("At noon.");
    expect(heard).toEqual(["At", " no"]);
  });

  test("tells the meter of each attempt, before it and after it failed", async () => {
    const { client, clock } = makeRetrying([failWith("timeout"), failWith("rate-limit"), say("At noon.")]);
    const heard: string[] = [];
    const meter: AttemptMeter = { begin: () => void heard.push("begin"), fail: ({ kind }) => void heard.push(kind) };
    const call: ModelCallOptions = { meter };
    const answer = client.complete(request, call);
    for (const delayMs of [500, 1_000]) {
      await clock.timerOf(delayMs);
      clock.advance(delayMs);
    }
    await answer;
    expect(heard).toEqual(["begin", "timeout", "begin", "rate-limit", "begin"]);
  });

  test("makes no further attempt that the meter has no room for", async () => {
    const { client, clock, scripted } = makeRetrying([failWith("timeout")]);
    const spent = new RangeError("spent");
    let begun = 0;
    const meter: AttemptMeter = {
      begin: () => {
        begun += 1;
        if (begun > 1) throw spent;
      },
      fail: () => {},
    };
    const call: ModelCallOptions = { meter };
    const failed = expect(client.complete(request, call)).rejects.toBe(spent);
    await clock.timerOf(500);
    clock.advance(500);
    await failed;
    expect(scripted.requests).toHaveLength(1);
  });

  test("does not retry what is no ModelError", async () => {
    const bug = new TypeError("bug");
    const { client, scripted } = makeRetrying(() => {
      throw bug;
    });
    await expect(client.complete(request)).rejects.toBe(bug);
    expect(scripted.requests).toHaveLength(1);
  });

  test("logs each retry with its facts", async () => {
    const warn = vi.fn<(facts: object, message: string) => void>();
    const logger = { debug: warn, info: warn, warn, error: warn };
    const { client, clock } = makeRetrying([failWith("server", { status: 503, message: "busy" }), callTool("x")], { logger });
    const answer = client.complete(request);
    await clock.timerOf(500);
    clock.advance(500);
    await answer;
    expect(warn.mock.calls).toEqual([
      [
        { provider: "scripted", model: "scripted", kind: "server", status: 503, attempt: 1, delayMs: 500 },
        "model call failed, tried again after the delay: busy",
      ],
    ]);
  });

  test("is the client's in all else", () => {
    const { client, scripted } = makeRetrying([]);
    expect([client.provider, client.model]).toEqual(["scripted", "scripted"]);
    expect(client.worstCase(request)).toEqual(scripted.worstCase(request));
    expect(new ModelError("server", "x").retryable).toBe(true);
  });
});
