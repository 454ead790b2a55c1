import { describe, expect, test } from "vitest";

import { makeFakeClock } from "../test-support/fake-clock.ts";
import { type ConcurrencyLimitOptions, rateLimited } from "./concurrency-limit.ts";
import type { Script } from "./script/script.ts";
import { failWith } from "./script/script-step.ts";
import { scriptedModel } from "./script/scripted-model.ts";

const request = { messages: [] };
const slow: Script = (_request, n) => ({ reply: `answer ${n + 1}`, delayMs: 100 });

function makeLimited(script: Script, options: Partial<ConcurrencyLimitOptions>) {
  const clock = makeFakeClock();
  const scripted = scriptedModel(script, { clock });
  return { client: rateLimited(scripted, { clock, ...options }), clock, scripted };
}

describe("rateLimited", () => {
  test("lets so many calls through at once, and the others in their order", async () => {
    const { client, clock, scripted } = makeLimited(slow, { maxConcurrent: 2, maxQueue: 2 });
    const answers = [1, 2, 3, 4].map(() => client.complete(request));
    await scripted.called(2);
    expect(scripted.requests).toHaveLength(2);
    clock.advance(100);
    await scripted.called(4);
    clock.advance(100);
    expect((await Promise.all(answers)).map(({ content }) => content)).toEqual(["answer 1", "answer 2", "answer 3", "answer 4"]);
    expect(clock.pending).toBe(0);
  });

  test("refuses at once when the queue is full", async () => {
    const { client, clock, scripted } = makeLimited(slow, { maxConcurrent: 1, maxQueue: 1 });
    const answers = [client.complete(request), client.complete(request)];
    await expect(client.complete(request)).rejects.toMatchObject({
      kind: "rate-limit",
      message: "1 model calls are under way and 1 wait; call later, or raise maxQueue",
    });
    clock.advance(100);
    await scripted.called(2);
    clock.advance(100);
    await Promise.all(answers);
  });

  test("gives the place on after a failure", async () => {
    const { client } = makeLimited([failWith("server"), "fine"], { maxConcurrent: 1 });
    const answers = await Promise.allSettled([client.complete(request), client.complete(request)]);
    expect(answers.map(({ status }) => status)).toEqual(["rejected", "fulfilled"]);
  });

  test("gives up a call that waits too long, and never sends it", async () => {
    const { client, clock, scripted } = makeLimited([{ reply: "slow", delayMs: 10_000 }, "next"], { maxConcurrent: 1, maxWaitMs: 1_000 });
    const first = client.complete(request);
    const second = expect(client.complete(request)).rejects.toMatchObject({ kind: "rate-limit", message: /waited 1000 ms/ });
    await clock.timerOf(10_000);
    clock.advance(1_000);
    await second;
    clock.advance(9_000);
    await first;
    expect(scripted.requests).toHaveLength(1);
    expect((await client.complete(request)).content).toBe("next");
  });

  test("lets a call leave the queue when it is aborted", async () => {
    const { client, clock, scripted } = makeLimited(slow, { maxConcurrent: 1, maxQueue: 2 });
    const controller = new AbortController();
    const first = client.complete(request);
    const second = client.complete(request, { signal: controller.signal });
    const third = client.complete(request);
    const reason = new Error("stop");
    controller.abort(reason);
    await expect(second).rejects.toBe(reason);
    clock.advance(100);
    await scripted.called(2);
    clock.advance(100);
    await Promise.all([first, third]);
    expect(scripted.requests).toHaveLength(2);
    expect(clock.pending).toBe(0);
  });
});
