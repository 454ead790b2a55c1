import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test, vi } from "vitest";
import { errorOf, request, startModel } from "../../test-support/openai-setting.ts";
import { cutAfter, delayed, failure, silence, stallAfter, streamedText, wholeAnswer } from "../testing/index.ts";
import type { OpenaiModelOptions } from "./openai-model.ts";

describe("openaiModel: time", () => {
  test("times out when the first byte is late", async () => {
    await using setting = await startModel([silence()], { timeoutMs: 5_000 });
    const error = errorOf(setting.model, request);
    const { aborted } = await setting.server.received(1);
    setting.clock.advance(5_000);
    expect((await error).message).toBe("no whole answer within 5000 ms; raise timeoutMs, or ask for less with maxOutputTokens");
    expect((await error).kind).toBe("timeout");
    await aborted;
    expect(setting.clock.pending).toBe(0);
  });

  test("waits for a first byte that is slow but in time", async () => {
    const gate = Promise.withResolvers<void>();
    await using setting = await startModel([delayed(streamedText("At noon."), gate.promise)], { timeoutMs: 5_000 });
    const answer = setting.model.complete(request);
    await setting.server.received(1);
    setting.clock.advance(4_999);
    gate.resolve();
    expect((await answer).content).toBe("At noon.");
    expect(setting.clock.pending).toBe(0);
  });

  test("times out when the stream falls silent, counted from the last chunk", async () => {
    await using setting = await startModel([stallAfter(streamedText("At noon."), 2)], { idleTimeoutMs: 1_000 });
    const heard = Promise.withResolvers<void>();
    let isSettled = false;
    const answer = setting.model.complete(request, { onText: () => heard.resolve() }).finally(() => (isSettled = true));
    const failed = expect(answer).rejects.toMatchObject({ kind: "timeout", message: expect.stringMatching(/silent for 1000 ms/) });
    await setting.server.received(1);
    setting.clock.advance(900);
    await heard.promise;
    setting.clock.advance(900);
    expect(isSettled).toBe(false);
    setting.clock.advance(100);
    await failed;
    await setting.server.requests[0]?.aborted;
    expect(setting.clock.pending).toBe(0);
  });

  test.each([
    { where: "before the headers", reply: silence() },
    { where: "in an error's body", reply: { ...failure(500), pieces: ["{"], end: "stall" as const } },
    { where: "in a whole answer's body", reply: { ...wholeAnswer({ content: "x" }), pieces: ["{"], end: "stall" as const } },
  ])("closes the connection when the caller aborts $where", async ({ reply }) => {
    await using setting = await startModel([reply]);
    const controller = new AbortController();
    const answer = setting.model.complete(request, { signal: controller.signal });
    const { aborted } = await setting.server.received(1);
    const reason = new Error("stop");
    controller.abort(reason);
    await expect(answer).rejects.toBe(reason);
    await aborted;
    expect(setting.clock.pending).toBe(0);
  });

  test("closes the connection when the caller aborts in mid-stream, even from within onText", async () => {
    await using setting = await startModel([stallAfter(streamedText("At noon."), 2)]);
    const controller = new AbortController();
    const reason = new Error("heard enough");
    const answer = setting.model.complete(request, { signal: controller.signal, onText: () => controller.abort(reason) });
    await expect(answer).rejects.toBe(reason);
    await setting.server.requests[0]?.aborted;
    expect(setting.clock.pending).toBe(0);
  });

  test("leaves no timer behind that would keep the process alive, whatever happened", async () => {
    const probe = new URL("../../test-support/open-resources.ts", import.meta.url);
    const { stdout } = await promisify(execFile)(process.execPath, ["--conditions=@orgtree/source", fileURLToPath(probe)], {
      timeout: 20_000,
    });
    expect(JSON.parse(stdout)).toEqual({ calls: 6, timers: [], pending: 0 });
  });

  test("tries again what may succeed: 500, then a cut, then the answer", async () => {
    const onRetry = vi.fn<NonNullable<OpenaiModelOptions["onRetry"]>>();
    const replies = [failure(500), cutAfter(streamedText("At noon"), 2), streamedText("At noon.")];
    await using setting = await startModel(replies, { maxRetries: 2, onRetry });
    const heard: string[] = [];
    const answer = setting.model.complete(request, { onText: (delta) => heard.push(delta) });
    for (const delayMs of [500, 1_000]) {
      await setting.clock.timerOf(delayMs);
      setting.clock.advance(delayMs);
    }
    expect((await answer).content).toBe("At noon.");
    expect(heard).toEqual(["At"]);
    expect(onRetry.mock.calls.map(([{ attempt, delayMs, error }]) => [attempt, delayMs, error.kind])).toEqual([
      [1, 500, "server"],
      [2, 1_000, "network"],
    ]);
    expect(setting.clock.pending).toBe(0);
  });

  test("does not try again what cannot succeed", async () => {
    await using setting = await startModel([failure(400, { message: "no" })], { maxRetries: 2 });
    expect((await errorOf(setting.model, request)).kind).toBe("bad-request");
    expect(setting.server.requests).toHaveLength(1);
  });
});
