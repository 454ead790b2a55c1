import type { ModelRequest } from "@orgtree/core";
import { describe, expect, test } from "vitest";

import { makeFakeClock } from "../../test-support/fake-clock.ts";
import { type ContractCall, type ContractModel, modelContract } from "../../test-support/model-contract.ts";
import { toStep } from "../../test-support/contract-step.ts";
import { openaiModel } from "../openai/openai-model.ts";
import { failWith, hang, type ScriptStep } from "../script/script-step.ts";
import { scriptedModel } from "../script/scripted-model.ts";
import { failure, startChatServer, streamedText } from "../testing/index.ts";
import { parseRecordings, recordingModel } from "./recordings.ts";
import { replayingModel } from "./replaying-model.ts";
import { requestHash } from "./request-hash.ts";

modelContract("replay of a recorded script", makeReplay, { neverWaits: true });

async function makeReplay(calls: readonly ContractCall[]): Promise<ContractModel> {
  const steps = calls.map(({ answer }) => toStep(answer));
  const lines = await record(
    steps,
    calls.map(({ request }) => request),
  );
  return { client: replayingModel(lines.join("\n")), [Symbol.asyncDispose]: async () => {} };
}

async function record(steps: readonly ScriptStep[], requests: readonly ModelRequest[]): Promise<string[]> {
  const lines: string[] = [];
  const recorder = recordingModel(scriptedModel(steps), (line) => void lines.push(line));
  for (const request of requests) await recorder.complete(request).catch((error: unknown) => error);
  return lines;
}

function ask(...texts: string[]): ModelRequest {
  return { messages: texts.map((content) => ({ role: "user", content })) };
}

describe("recordingModel", () => {
  test("writes one line for each call: what was asked and how it ended", async () => {
    const lines = await record(
      ["noon", failWith("rate-limit", { status: 429, retryAfterMs: 5 })],
      [{ ...ask("when?"), key: "run/a#1.0" }, ask("again?")],
    );
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      {
        v: 1,
        hash: requestHash(ask("when?")),
        provider: "scripted",
        model: "scripted",
        request: ask("when?"),
        response: expect.objectContaining({ content: "noon", finishReason: "stop" }),
      },
      {
        v: 1,
        hash: requestHash(ask("again?")),
        provider: "scripted",
        model: "scripted",
        request: ask("again?"),
        error: { kind: "rate-limit", message: "scripted failure: rate-limit", status: 429, retryAfterMs: 5 },
      },
    ]);
  });

  test("never writes the api key down", async () => {
    const apiKey = "sk-very-secret";
    await using server = await startChatServer({ replies: [streamedText("noon"), failure(401, { message: `wrong key ${apiKey}` })] });
    const client = openaiModel({ apiKey, baseURL: server.url, model: "m", clock: makeFakeClock(), random: { next: () => 0 } });
    const lines: string[] = [];
    const recorder = recordingModel(client, (line) => void lines.push(line));
    await recorder.complete(ask("when?"));
    await expect(recorder.complete(ask("when?"))).rejects.toMatchObject({ kind: "auth" });
    expect(lines).toHaveLength(2);
    expect(lines.join("\n")).not.toContain(apiKey);
  });

  test("leaves no line of a call that was aborted", async () => {
    const lines: string[] = [];
    const scripted = scriptedModel([hang()]);
    const controller = new AbortController();
    const answer = recordingModel(scripted, (line) => void lines.push(line)).complete(ask("when?"), { signal: controller.signal });
    await scripted.called(1);
    controller.abort(new Error("stop"));
    await expect(answer).rejects.toThrow("stop");
    expect(lines).toEqual([]);
  });

  test("answers only once the line is kept", async () => {
    const full = new Error("disk full");
    const recorder = recordingModel(scriptedModel(["noon"]), () => Promise.reject(full));
    await expect(recorder.complete(ask("when?"))).rejects.toBe(full);
  });
});

describe("replayingModel", () => {
  test("counts dollars where they were counted when it was recorded", async () => {
    const priced = { inputPerMillion: 1, outputPerMillion: 10 };
    const costs: number[] = [];
    for (const prices of [priced, undefined]) {
      const lines: string[] = [];
      const model = recordingModel(scriptedModel(["noon"], { prices }), (line) => void lines.push(line));
      const { usd = 0 } = await model.complete(ask("when?"));
      costs.push(usd);
      expect(replayingModel(lines.join("\n")).worstCase(ask("again?")).usd).toBe(usd);
    }
    expect(costs).toEqual([expect.closeTo(0.00004, 4), 0]);
  });

  test("gives answers to the same request in their order, whatever comes between", async () => {
    const lines = await record(["first", "other", failWith("server"), "second"], [ask("a"), ask("b"), ask("a"), ask("a")]);
    const model = replayingModel(lines.join("\n"));
    expect(model.left).toBe(4);
    expect((await model.complete(ask("a"))).content).toBe("first");
    await expect(model.complete(ask("a"))).rejects.toMatchObject({ kind: "server" });
    expect((await model.complete(ask("a"))).content).toBe("second");
    expect((await model.complete(ask("b"))).content).toBe("other");
    expect(model.left).toBe(0);
    await expect(model.complete(ask("a"))).rejects.toThrow("every recorded answer to this request was given already");
  });

  test("knows a request whatever the order of its fields, its undefined fields and its key", () => {
    const schema = { type: "object", properties: {} };
    const one = { messages: [], temperature: 0, outputSchema: { name: "o", schema }, key: "run-1/a#1.0" };
    const other = {
      outputSchema: { schema: { properties: {}, type: "object" }, name: "o" },
      model: undefined,
      temperature: 0,
      messages: [],
    };
    expect(requestHash(one)).toBe(requestHash(other));
    expect(requestHash(one)).not.toBe(requestHash({ ...other, temperature: 1 }));
  });

  test("says how an unknown request differs from the nearest", async () => {
    const lines = await record(["1", "2"], [ask("one", "two", "three"), ask("When is the tide in Brest tomorrow?")]);
    const model = replayingModel(lines.join("\n"));
    const unknown = { ...ask("When is the tide in Brest tonight?"), temperature: 0 };
    await expect(model.complete(unknown)).rejects.toThrowErrorMatchingInlineSnapshot(`
      [ModelError: this request was not recorded; record again, or ask the same; recording 2 of 2 is the nearest and differs:
        messages[0].content: asked …the tide in Brest tonight?", recorded …the tide in Brest tomorrow?"
        temperature: asked 0, recorded nothing]
    `);
    await expect(replayingModel([]).complete(unknown)).rejects.toThrow("nothing was recorded; record first");
  });

  test("refuses what is no recording, with its line", () => {
    expect(() => parseRecordings('\n{"v":1,')).toThrow(/^recordings line 2: is no JSON/);
    expect(() => parseRecordings('{"v":2}')).toThrow("recordings line 1: has version 2, and only 1 is known");
    expect(() => parseRecordings('{"v":1,"hash":"x"}')).toThrow("lacks its hash, request or outcome");
    expect(parseRecordings("\n\n")).toEqual([]);
  });
});
