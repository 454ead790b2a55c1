import { describe, expect, test } from "vitest";

import { makeFakeClock } from "../test-support/fake-clock.ts";
import { circuitBreaker } from "./circuit-breaker.ts";
import type { Script } from "./script/script.ts";
import { failWith, hang, say } from "./script/script-step.ts";
import { scriptedModel } from "./script/scripted-model.ts";

const request = { messages: [] };

function makeBreaker(script: Script) {
  const clock = makeFakeClock();
  const scripted = scriptedModel(script, { clock });
  const breaker = circuitBreaker(scripted, { failures: 2, openMs: 1_000, clock });
  const ask = async () => {
    try {
      return (await breaker.complete(request)).content;
    } catch (error) {
      return String(error);
    }
  };
  return { breaker, clock, scripted, ask };
}

describe("circuitBreaker", () => {
  test("opens after that many retryable failures in a row, and then asks nobody", async () => {
    const { breaker, scripted, ask } = makeBreaker([failWith("network"), failWith("server", { message: "busy" })]);
    await ask();
    expect(breaker.circuit).toBe("closed");
    await ask();
    expect(breaker.circuit).toBe("open");
    await expect(breaker.complete(request)).rejects.toMatchObject({
      kind: "server",
      retryAfterMs: 1_000,
      message: 'circuit open: scripted scripted keeps failing, last with "busy"; wait 1000 ms, or use another model',
    });
    expect(scripted.requests).toHaveLength(2);
  });

  test.each([
    { what: "an answer", step: say("fine") },
    { what: "a refusal", step: failWith("refusal") },
    { what: "a bad request", step: failWith("bad-request") },
  ])("starts to count again after $what", async ({ step }) => {
    const { breaker, ask } = makeBreaker([failWith("server"), step, failWith("server")]);
    for (const _ of [1, 2, 3]) await ask();
    expect(breaker.circuit).toBe("closed");
  });

  test("says how long it stays open", async () => {
    const { breaker, clock, ask } = makeBreaker([failWith("server"), failWith("server")]);
    await ask();
    await ask();
    clock.advance(400);
    await expect(breaker.complete(request)).rejects.toMatchObject({ retryAfterMs: 600 });
  });

  test("lets one trial through once the time is over, and nothing beside it", async () => {
    const { breaker, clock, scripted, ask } = makeBreaker([
      failWith("server"),
      failWith("server"),
      { reply: "fine", delayMs: 50 },
      "again",
    ]);
    await ask();
    await ask();
    clock.advance(1_000);
    const trial = ask();
    expect(breaker.circuit).toBe("trial");
    expect(await ask()).toContain("circuit open");
    expect(scripted.requests).toHaveLength(3);
    clock.advance(50);
    expect(await trial).toBe("fine");
    expect(breaker.circuit).toBe("closed");
    expect(await ask()).toBe("again");
  });

  test("opens again when the trial fails", async () => {
    const { breaker, clock, ask } = makeBreaker([failWith("server"), failWith("server"), failWith("timeout")]);
    await ask();
    await ask();
    clock.advance(1_000);
    await ask();
    expect(breaker.circuit).toBe("open");
    await expect(breaker.complete(request)).rejects.toMatchObject({ kind: "timeout", retryAfterMs: 1_000 });
  });

  test("lets the next one try when the caller of the trial gave up", async () => {
    const { breaker, clock, ask } = makeBreaker([failWith("server"), failWith("server"), hang(), "fine"]);
    await ask();
    await ask();
    clock.advance(1_000);
    const controller = new AbortController();
    const trial = breaker.complete(request, { signal: controller.signal });
    controller.abort(new Error("stop"));
    await expect(trial).rejects.toThrow("stop");
    expect(await ask()).toBe("fine");
    expect(breaker.circuit).toBe("closed");
  });

  test("is not closed by a call that began before it opened", async () => {
    const { breaker, clock, ask } = makeBreaker([{ reply: "late", delayMs: 10 }, failWith("server"), failWith("server")]);
    const late = ask();
    await ask();
    await ask();
    clock.advance(10);
    expect(await late).toBe("late");
    expect(breaker.circuit).toBe("open");
  });
});
