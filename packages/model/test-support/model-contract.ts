import { type ModelClient, ModelError, type ModelErrorKind, type ModelRequest } from "@orgtree/core";
import { describe, expect, test } from "vitest";

/** What a model is asked, and what it is made to answer. */
export interface ContractCall {
  readonly request: ModelRequest;
  readonly answer: ContractAnswer;
}

/** An answer that every twin can be made to give. */
export type ContractAnswer =
  | { readonly text: string }
  | { readonly toolCalls: readonly { readonly name: string; readonly arguments: string }[] }
  | { readonly fails: ModelErrorKind }
  | { readonly hangs: true };

/** A twin that was made for a test. */
export interface ContractModel extends AsyncDisposable {
  readonly client: ModelClient;
  /** Resolves once the first call waits for its answer; left out by twins that never wait. */
  readonly waiting?: (() => Promise<unknown>) | undefined;
}

/** What every twin of `ModelClient` has to satisfy. */
export function modelContract(name: string, make: Make, options: { readonly neverWaits?: boolean } = {}): void {
  describe(`ModelClient contract: ${name}`, () => {
    testAnswers(make);
    testFailures(make);
    testAborts(make, options.neverWaits ?? false);
  });
}

type Make = (calls: readonly ContractCall[]) => Promise<ContractModel>;

const request: ModelRequest = { messages: [{ role: "user", content: "When is the tide?" }], key: "run-1/desk#1.0" };
const structured: ModelRequest = { ...request, outputSchema: { name: "tide", schema: { type: "object" } } };

function testAnswers(make: Make): void {
  test("answers with the text, its usage and who answered", async () => {
    await using model = await make([{ request, answer: { text: "At noon, and again at midnight." } }]);
    const response = await model.client.complete(request);
    expect(response).toMatchObject({ content: "At noon, and again at midnight.", toolCalls: [], finishReason: "stop" });
    expect(response.model).not.toBe("");
    for (const count of Object.values(response.usage)) expect(count).toBeGreaterThanOrEqual(0);
    expect(response.usage.inputTokens).toBeGreaterThan(0);
    expect(response.usage.cachedInputTokens).toBeLessThanOrEqual(response.usage.inputTokens);
  });

  test("lets the text be heard as it comes, in all the same as the answer", async () => {
    await using model = await make([{ request, answer: { text: "At noon, and again at midnight." } }]);
    let heard = "";
    const { content } = await model.client.complete(request, { onText: (delta) => void (heard += delta) });
    expect(heard).toBe(content);
  });

  test("passes tool calls on in order, each with an id of its own", async () => {
    const toolCalls = [
      { name: "search", arguments: '{"query":"tide"}' },
      { name: "clock", arguments: "{}" },
    ];
    await using model = await make([{ request, answer: { toolCalls } }]);
    const response = await model.client.complete(request);
    expect(response.finishReason).toBe("tool-calls");
    expect(response.toolCalls.map((call) => ({ name: call.name, arguments: call.argumentsJson }))).toEqual(toolCalls);
    expect(new Set(response.toolCalls.map((call) => call.id)).size).toBe(2);
  });

  test("answers to a schema with JSON", async () => {
    await using model = await make([{ request: structured, answer: { text: '{"at":"noon"}' } }]);
    const { content } = await model.client.complete(structured);
    expect(JSON.parse(content)).toEqual({ at: "noon" });
  });

  test("gives one answer for each call, in order", async () => {
    await using model = await make([
      { request, answer: { text: "first" } },
      { request, answer: { text: "second" } },
    ]);
    expect((await model.client.complete(request)).content).toBe("first");
    expect((await model.client.complete(request)).content).toBe("second");
  });

  test("uses no more tokens than its worst case", async () => {
    await using model = await make([{ request, answer: { text: "At noon." } }]);
    const worst = model.client.worstCase(request);
    const { usage } = await model.client.complete(request);
    expect(usage.inputTokens + usage.outputTokens).toBeLessThanOrEqual(worst.tokens);
  });
}

function testFailures(make: Make): void {
  const kinds = [
    "rate-limit",
    "refusal",
    "context-overflow",
    "invalid-output",
    "network",
    "timeout",
    "auth",
    "bad-request",
    "server",
  ] as const;
  test.each(kinds)("fails with a ModelError of kind %s", async (kind) => {
    await using model = await make([{ request, answer: { fails: kind } }]);
    const error = await model.client.complete(request).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ModelError);
    expect(error).toMatchObject({ kind, failureClass: "model-error", failureKind: kind });
  });

  test.each([
    { what: "text that is no JSON, where a schema was demanded", request: structured, answer: { text: "at noon" } },
    { what: "tool arguments that break off", request, answer: { toolCalls: [{ name: "search", arguments: '{"query":"ti' }] } },
    { what: "an empty text", request, answer: { text: "" } },
  ])("refuses $what as invalid-output", async ({ request, answer }) => {
    await using model = await make([{ request, answer }]);
    await expect(model.client.complete(request)).rejects.toMatchObject({ name: "ModelError", kind: "invalid-output" });
  });
}

function testAborts(make: Make, neverWaits: boolean): void {
  test("rejects with the signal's reason if it was aborted before the call", async () => {
    await using model = await make([{ request, answer: { text: "too late" } }]);
    const reason = new Error("nobody waits any more");
    await expect(model.client.complete(request, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  if (neverWaits) return;
  test("rejects with the signal's reason if it is aborted while it waits", async () => {
    await using model = await make([{ request, answer: { hangs: true } }]);
    const controller = new AbortController();
    const answer = model.client.complete(request, { signal: controller.signal });
    await model.waiting?.();
    const reason = new Error("nobody waits any more");
    controller.abort(reason);
    await expect(answer).rejects.toBe(reason);
  });
}
