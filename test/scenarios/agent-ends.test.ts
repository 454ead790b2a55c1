import {
  agent,
  callTool,
  defineTool,
  failWith,
  garbage,
  hang,
  organization,
  plain,
  run,
  say,
  scriptedModel,
  type Lead,
  type ModelClient,
  type RunResult,
} from "orgtree";
import { describe, expect, test } from "vitest";
import { createMachine } from "xstate";
import { z } from "zod";
import { runOnVirtualTime } from "./run-on-virtual-time.ts";

const look = defineTool({
  name: "look",
  description: "Looks.",
  kind: "pure",
  inputSchema: z.object({ at: z.string() }),
  execute: async ({ at }) => `nothing at ${at}`,
});
const launched: string[] = [];
const launch = defineTool({
  name: "launch",
  description: "Launches.",
  kind: "irreversible",
  inputSchema: z.object({}),
  execute: async () => void launched.push("launched"),
});

async function play(model: ModelClient, tokens = 500_000): Promise<RunResult> {
  const worker = agent({ purpose: "Work.", tools: ["look"] });
  const desk = organization({ name: "desk", agents: { worker }, tools: () => [look, launch], budget: { tokens } });
  return await runOnVirtualTime(desk, "a task", { model });
}

/** How the worker's lives ended, in order. */
function ends(result: RunResult): string[] {
  return result.report.agents[0]!.failures.map((failure) =>
    failure.kind === undefined ? failure.class : `${failure.class}/${failure.kind}`,
  );
}

describe("an agent", () => {
  test("delivers its plain answer where there is no contract", async () => {
    const result = await play(scriptedModel([callTool("look", { at: "sea" }), say("The sea is empty.")]));
    expect(result).toMatchObject({ status: "done", output: "The sea is empty." });
    expect(result.report.agents[0]).toMatchObject({ modelCalls: 2, toolCalls: 1, restarts: 0 });
  });

  test("that repeats itself is told, then ends looping, and comes back briefed", async () => {
    const model = scriptedModel([...Array.from({ length: 4 }, () => callTool("look", { at: "sea" })), say("I see nothing.")]);
    const result = await play(model);
    expect(ends(result)).toEqual(["loop"]);
    expect(result.status).toBe("done");
    expect(JSON.stringify(model.requests[2])).toContain("Doing it again will not help");
    expect(JSON.stringify(model.requests[4])).toMatch(/look\(.*\) 4 times in a row/);
  });

  test("that calls a tool its charter forbids does not get to call it", async () => {
    launched.length = 0;
    const result = await play(scriptedModel([callTool("launch"), say("I leave it alone.")]));
    expect(launched).toEqual([]);
    expect(ends(result)).toEqual(["role-violation"]);
    expect(result).toMatchObject({ status: "done", output: "I leave it alone." });
  });

  test("that calls a tool which nobody has is told so", async () => {
    const model = scriptedModel([callTool("dance"), say("Then not.")]);
    const result = await play(model);
    expect(result.status).toBe("done");
    expect(ends(result)).toEqual([]);
    expect(JSON.stringify(model.requests[1])).toContain("There is no tool");
  });

  test("that hands in by a tool which it was never offered is told that there is none", async () => {
    const model = scriptedModel([callTool("deliver", { summary: "It is done." }), say("The sea is empty.")]);
    expect(await play(model)).toMatchObject({ status: "done", output: "The sea is empty." });
    expect(JSON.stringify(model.requests[1])).toContain('There is no tool \\"deliver\\". Yours are: look.');
    expect(model.requests[1]!.messages.filter(({ role }) => role === "tool")).toHaveLength(1);
  });

  test("that says nothing, again and again, fails as invalid output", async () => {
    const silent: ModelClient = {
      provider: "silent",
      model: "silent",
      worstCase: () => ({ tokens: 1, usd: 0 }),
      complete: async () => ({
        content: " ",
        toolCalls: [],
        finishReason: "stop",
        usage: { inputTokens: 1, outputTokens: 0, cachedInputTokens: 0, reasoningTokens: 0 },
        model: "silent",
      }),
    };
    const result = await play(silent);
    expect(result).toMatchObject({ status: "failed", failure: { class: "model-error", kind: "invalid-output" } });
    expect(JSON.stringify(result)).toContain("it is empty. Answer in words");
  });

  test.each([
    { what: "arguments of the wrong shape", call: callTool("look", { where: "sea" }) },
    { what: "an argument too many", call: callTool("look", []) },
  ])("that calls a tool with $what is told what is wrong", async ({ call }) => {
    const model = scriptedModel([call, say("I give up.")]);
    expect((await play(model)).status).toBe("done");
    expect(JSON.stringify(model.requests[1])).toMatch(/invalid|expected|must/i);
  });

  test("that goes on for ever ends stuck", async () => {
    let count = 0;
    const model = scriptedModel(() => callTool("look", { at: `place ${++count}` }));
    const result = await play(model);
    expect(ends(result)[0]).toBe("no-progress");
    expect(result.status).toBe("failed");
  });

  test("whose model fails once is started again with the same work", async () => {
    const result = await play(scriptedModel([failWith("network"), say("Done.")]));
    expect(ends(result)).toEqual(["model-error/network"]);
    expect(result).toMatchObject({ status: "done", output: "Done." });
  });

  test("whose model refuses its key ends the run at once, with the cause", async () => {
    const model = scriptedModel([failWith("auth")]);
    const result = await play(model);
    expect(result).toMatchObject({ status: "failed", failure: { class: "model-error", kind: "auth", cause: { kind: "auth" } } });
    expect(model.requests).toHaveLength(1);
  });

  test("whose model talks garbage instead of a tool call's arguments fails as invalid output", async () => {
    const result = await play(scriptedModel([callTool("look", '{"at":'), say("Done.")]));
    expect(ends(result)).toEqual(["model-error/invalid-output"]);
    expect(result.status).toBe("done");
  });

  test("whose model never answers is ended by its deadline, and nothing is left", async () => {
    const result = await play(scriptedModel(() => hang()));
    expect(result).toMatchObject({ status: "failed", failure: { class: "budget-exhausted" } });
  });

  test("that has spent its budget makes no further call", async () => {
    let count = 0;
    const model = scriptedModel(() => ({ reply: callTool("look", { at: `place ${++count}` }), usage: { outputTokens: 4_000 } }));
    const result = await play(model, 20_000);
    expect(result).toMatchObject({ status: "failed", failure: { class: "budget-exhausted", kind: "tokens" } });
    expect(result.report.tokens).toBeLessThanOrEqual(20_000);
    expect(result.report.tokens).toBeGreaterThan(10_000);
  });

  test("answers garbage where text is wanted, and it counts as its answer", async () => {
    expect(await play(scriptedModel([garbage()]))).toMatchObject({ status: "done" });
  });
});

describe("a run", () => {
  const worker = agent({ purpose: "Work." });
  const desk = organization({ name: "desk", agents: { worker } });

  test("whose signal has aborted before it begins is cancelled, and asks nobody", async () => {
    const model = scriptedModel([say("x")]);
    const result = await run(desk, "a task", { model, signal: AbortSignal.abort(new Error("stop")) });
    expect(result).toMatchObject({ status: "cancelled", report: { agents: [{ name: "worker", modelCalls: 0 }], tokens: 0 } });
    expect(model.requests).toEqual([]);
  });

  test.each<{ what: string; lead: Lead }>([
    { what: "machine", lead: () => ({ logic: createMachine({ id: "lead", initial: "end", states: { end: { type: "final" } } }) }) },
    {
      what: "plain logic",
      lead: () => ({ logic: plain({ init: (_input: unknown, turn) => (turn.exit(), 0), receive: (state: number) => state }) }),
    },
  ])("whose lead, a $what, ends normally without an output has failed, and says so", async ({ lead }) => {
    const led = organization({ name: "desk", agents: { worker }, lead });
    expect(await run(led, "a task", { model: scriptedModel([]) })).toMatchObject({
      status: "failed",
      failure: { class: "crash", address: "/desk/lead", message: expect.stringContaining("ended normally without an output") },
    });
  });

  test.each(["onEvent", "onEntry", "onStart"] as const)("is not disturbed by an %s that throws", async (name) => {
    const heard: string[] = [];
    const nothing = (): void => {};
    const logger = { debug: nothing, info: nothing, warn: nothing, error: (_facts: object, message: string) => void heard.push(message) };
    const listener = (): void => {
      throw new Error("listener");
    };
    const result = await run(desk, "a task", { model: scriptedModel([say("The sea.")]), logger, [name]: listener });
    expect(result).toMatchObject({ status: "done", output: "The sea.", report: { decisions: [] } });
    expect(heard).not.toEqual([]);
  });
});
