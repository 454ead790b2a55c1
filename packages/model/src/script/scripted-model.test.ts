import { ModelError, type ModelRequest } from "@orgtree/core";
import { describe, expect, test } from "vitest";

import { makeFakeClock } from "../../test-support/fake-clock.ts";
import { toStep } from "../../test-support/contract-step.ts";
import { modelContract } from "../../test-support/model-contract.ts";
import { callTool, failWith, garbage, hang, say } from "./script-step.ts";
import { scriptedModel } from "./scripted-model.ts";

modelContract("scripted", async (calls) => {
  const client = scriptedModel(calls.map(({ answer }) => toStep(answer)));
  return { client, waiting: () => client.called(1), [Symbol.asyncDispose]: async () => {} };
});

function ask(text: string, key?: string): ModelRequest {
  return { messages: [{ role: "user", content: text }], key };
}

describe("scriptedModel", () => {
  test("answers with steps in order: texts, values, tool calls, several parts", async () => {
    const model = scriptedModel([
      "plain",
      say({ at: "noon" }),
      callTool("search", { query: "tide" }),
      [say("Let me see."), callTool("clock")],
    ]);
    const answers = [
      await model.complete(ask("1")),
      await model.complete(ask("2")),
      await model.complete(ask("3")),
      await model.complete(ask("4")),
    ];
    expect(answers.map(({ content, toolCalls }) => [content, toolCalls[0]?.argumentsJson])).toEqual([
      ["plain", undefined],
      ['{"at":"noon"}', undefined],
      ["", '{"query":"tide"}'],
      ["Let me see.", "{}"],
    ]);
    model.assertComplete();
  });

  test("gives a request the first step left that fits it", async () => {
    const about = (word: string) => (request: ModelRequest) => request.messages.some(({ content }) => content.includes(word));
    const model = scriptedModel([{ reply: "noon", when: about("tide") }, { reply: "rain", when: about("weather") }, "anything"]);
    expect((await model.complete(ask("the weather?"))).content).toBe("rain");
    expect((await model.complete(ask("the weather, again?"))).content).toBe("anything");
    expect((await model.complete(ask("the tide?"))).content).toBe("noon");
  });

  test("repeats a step as often as it says", async () => {
    const model = scriptedModel([
      { reply: "twice", times: 2 },
      { reply: "always", times: Infinity },
    ]);
    const answers: string[] = [];
    for (const n of [1, 2, 3, 4]) answers.push((await model.complete(ask(String(n)))).content);
    expect(answers).toEqual(["twice", "twice", "always", "always"]);
    model.assertComplete();
    expect(() => scriptedModel([{ reply: "never", times: 0 }])).toThrow("script[0].times: an integer of at least 1, not 0");
  });

  test("asks a function, with the number of requests before", async () => {
    const model = scriptedModel((request, n) => (n < 2 ? `${n}: ${request.messages[0]?.content}` : undefined));
    expect((await model.complete(ask("a"))).content).toBe("0: a");
    expect((await model.complete(ask("b"))).content).toBe("1: b");
    await expect(model.complete(ask("c"))).rejects.toThrow(/no answer for request 3/);
  });

  test("plays a script for each role, found in the key's address", async () => {
    const model = scriptedModel({ writer: ["a draft"], critic: ["too long"], "*": ["who are you?"] });
    expect((await model.complete(ask("go", "run-1/newsroom/critic#4.0"))).content).toBe("too long");
    expect((await model.complete(ask("go", "run-1/newsroom/writer-2#1.0"))).content).toBe("a draft");
    expect((await model.complete(ask("go", "run-1/newsroom/clerk#1.0"))).content).toBe("who are you?");
  });

  test("finds the role in the system message of a request without a key", async () => {
    const model = scriptedModel({ writer: ["a draft"], critic: ["too long"] });
    const messages = [{ role: "system", content: "You are the Critic. Be kind to the writer." } as const];
    expect((await model.complete({ messages })).content).toBe("too long");
  });

  test("finds the role as it is told", async () => {
    const model = scriptedModel({ ada: ["I am Ada"] }, { roleOf: (request) => request.model });
    expect((await model.complete({ ...ask("who?"), model: "ada" })).content).toBe("I am Ada");
  });

  test("names the request for which there is no step", async () => {
    const model = scriptedModel({ writer: ["a draft"] });
    await model.complete(ask("write", "run/writer#1.0"));
    const error = await model.complete(ask("write more", "run/writer#2.0")).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ModelError);
    expect(error).toMatchObject({
      kind: "bad-request",
      message:
        'the script has no answer for request 2 of writer (last message, user: "write more"): every step that fits was used; ' +
        "add a step, or give one times: Infinity",
    });
    await expect(model.complete(ask("x", "run/critic#1.0"))).rejects.toThrow("there is no script for it, only for writer");
    expect(() => model.assertComplete()).toThrow(/no step for: request 2 of writer[^]*no step for: request 3/);
  });

  test("lists the steps that nobody took", async () => {
    const model = scriptedModel({ writer: ["a", say("b")], critic: [[callTool("search"), hang()], failWith("auth")] });
    await model.complete(ask("go", "run/writer#1.0"));
    expect(() => model.assertComplete()).toThrowErrorMatchingInlineSnapshot(`
      [Error: the script was not played as written:
        not used: writer: step 2 (say "b")
        not used: critic: step 1 (call tool search, hang)
        not used: critic: step 2 (fail with auth)]
    `);
  });

  test("takes its time on the clock, and gives it back when aborted", async () => {
    const clock = makeFakeClock();
    const model = scriptedModel([{ reply: "slow", delayMs: 300, times: 2 }], { clock });
    const answer = model.complete(ask("1"));
    clock.advance(300);
    expect((await answer).content).toBe("slow");
    const controller = new AbortController();
    const second = model.complete(ask("2"), { signal: controller.signal });
    controller.abort(new Error("stop"));
    await expect(second).rejects.toThrow("stop");
    expect(clock.pending).toBe(0);
  });

  test("says that a delay needs a clock", async () => {
    const model = scriptedModel([{ reply: "slow", delayMs: 300 }]);
    await expect(model.complete(ask("1"))).rejects.toThrow("clock: a step has a delayMs, which needs a clock");
  });

  test("fails structured output with garbage", async () => {
    const model = scriptedModel([garbage(), garbage()]);
    expect((await model.complete(ask("1"))).content).toBe('{"answer": "forty-t');
    await expect(model.complete({ ...ask("2"), outputSchema: { name: "o", schema: {} } })).rejects.toMatchObject({
      kind: "invalid-output",
    });
  });

  test("lets what precedes a failure be heard", async () => {
    const model = scriptedModel([[say("At noon"), failWith("network", { message: "cut" })]]);
    const heard: string[] = [];
    await expect(model.complete(ask("1"), { onText: (delta) => heard.push(delta) })).rejects.toThrow("cut");
    expect(heard).toEqual(["At", " noon"]);
  });

  test("keeps the requests as they were when they came", async () => {
    const model = scriptedModel(["a"]);
    const messages: { role: "user"; content: string }[] = [{ role: "user", content: "one" }];
    await model.complete({ messages });
    messages.push({ role: "user", content: "two" });
    expect(model.requests).toEqual([{ messages: [{ role: "user", content: "one" }] }]);
  });

  test("counts and prices the same way every time", async () => {
    const prices = { inputPerMillion: 1, outputPerMillion: 10 };
    const model = scriptedModel([{ reply: "At noon.", usage: { cachedInputTokens: 4 } }], { prices, model: "tiny" });
    const request = ask("When is the tide?");
    expect(await model.complete(request)).toMatchObject({
      usage: { inputTokens: 22, outputTokens: 3, cachedInputTokens: 4, reasoningTokens: 0 },
      usd: (22 + 30) / 1_000_000,
      model: "tiny",
    });
    expect(model.worstCase(request)).toEqual({ tokens: 22 + 4_096, usd: (22 + 40_960) / 1_000_000 });
    expect(model.worstCase({ ...request, maxOutputTokens: 10 }).tokens).toBe(32);
  });

  test("goes on in another process behind what an earlier one has used, by role, attempts counted", async () => {
    const model = scriptedModel({ writer: ["one", failWith("rate-limit"), "three", "four"], "*": (_request, n) => `other ${n}` });
    model.resume!([
      { key: "/desk/writer#1.0", attempts: 1 },
      { key: "/desk/critic#1.0", attempts: 1 },
      { key: "/desk/writer#3.0", attempts: 2 },
    ]);
    const say = async (key: string): Promise<string> => (await model.complete({ messages: [], key })).content;
    expect(await say("/desk/writer#5.0")).toBe("four");
    expect(await say("/desk/critic#3.0")).toBe("other 1");
  });

  test("counts a request whose answer throws", async () => {
    const model = scriptedModel((_request, n) => {
      if (n === 0) throw new TypeError("planted");
      return `answer ${n}`;
    });
    await expect(model.complete({ messages: [] })).rejects.toThrow("planted");
    expect((await model.complete({ messages: [] })).content).toBe("answer 1");
  });
});
