import type { StandardSchemaV1 } from "@standard-schema/spec";
import { SpecError, type Tool, type ToolContext, ToolError } from "@orgtree/core";
import { describe, expect, expectTypeOf, test } from "vitest";
import { z } from "zod";
import { errorOf } from "../test-support/error-of.ts";
import { fakeClock } from "../test-support/fake-clock.ts";
import { defineTool, type ToolDefinition } from "./define-tool.ts";

const numbers = z.object({ a: z.number(), b: z.number().int() });
const add: ToolDefinition<z.infer<typeof numbers>, number> = {
  name: "add",
  description: "Adds.",
  kind: "pure",
  inputSchema: numbers,
  execute: ({ a, b }) => a + b,
};

function context(signal = new AbortController().signal): ToolContext {
  return { signal, key: "/a#1.0" };
}

async function failureOf(run: Promise<unknown>): Promise<ToolError> {
  const error = await errorOf(run);
  expect(error).toBeInstanceOf(ToolError);
  return error as ToolError;
}

describe("defineTool, the definition", () => {
  test.each([
    [{ name: "" }, "name"],
    [{ name: "has space" }, "name"],
    [{ name: "x".repeat(65) }, "name"],
    [{ name: undefined }, "name"],
    [{ description: "  " }, "add.description"],
    [{ kind: "harmless" }, "add.kind"],
    [{ kind: "compensable" }, "add.undo"],
    [{ kind: "pure", undo: () => {} }, "add.undo"],
    [{ timeoutMs: 0 }, "add.timeoutMs"],
    [{ timeoutMs: Number.POSITIVE_INFINITY }, "add.timeoutMs"],
    [{ execute: "add" }, "add.execute"],
    [{ inputSchema: {} }, "add.inputSchema"],
    [{ outputSchema: { "~standard": { version: 2 } } }, "add.outputSchema"],
    [{ parameters: { type: "string" } }, "add.parameters"],
    [{ inputSchema: z.object({ at: z.date() }) }, "add.parameters"],
  ])("refuses %o at %s", (change, field) => {
    const make = () => defineTool({ ...add, ...change } as never);
    expect(make).toThrow(SpecError);
    expect(make).toThrow(expect.objectContaining({ field }));
  });

  test("takes the parameters from a schema that offers its JSON Schema", () => {
    const tool = defineTool({ ...add, inputSchema: z.object({ a: z.number(), b: z.number().default(1) }) });
    expect(tool.parameters).toEqual({
      type: "object",
      properties: { a: { type: "number" }, b: { type: "number", default: 1 } },
      required: ["a"],
    });
  });

  test("asks for parameters when the schema offers none, and takes those given", () => {
    const plain: StandardSchemaV1<unknown, { a: number; b: number }> = {
      "~standard": { version: 1, vendor: "plain", validate: (value) => ({ value: value as { a: number; b: number } }) },
    };
    expect(() => defineTool({ ...add, inputSchema: plain })).toThrow(
      /add\.parameters: give the JSON Schema of the input: this plain schema/,
    );
    const parameters = { type: "object", properties: {} };
    expect(defineTool({ ...add, inputSchema: plain, parameters }).parameters).toEqual(parameters);
  });

  test("infers what execute gets and gives", () => {
    const tool = defineTool({
      name: "shout",
      description: "Shouts.",
      kind: "pure",
      inputSchema: z.object({ text: z.string().transform((text) => text.length) }),
      execute: ({ text }) => text.toFixed(1),
    });
    expectTypeOf(tool).toEqualTypeOf<Tool<{ text: number }, string>>();
  });
});

describe("run", () => {
  test("gives what execute gives, from the checked input", async () => {
    expect(await defineTool(add).run({ a: 1, b: 2 }, context())).toBe(3);
  });

  test("hands the schema's value to execute, not the raw one", async () => {
    const tool = defineTool({ ...add, inputSchema: z.object({ a: z.number(), b: z.number().default(40) }) });
    expect(await tool.run({ a: 2, other: true }, context())).toBe(42);
  });

  test("awaits a schema that validates asynchronously", async () => {
    const inputSchema = z.object({ a: z.number(), b: z.number() }).refine(async ({ a }) => a > 0, "a must be positive");
    const tool = defineTool({ ...add, inputSchema });
    expect(await tool.run({ a: 1, b: 1 }, context())).toBe(2);
    expect((await failureOf(tool.run({ a: 0, b: 1 }, context()))).message).toContain("a must be positive");
  });

  test("rejects input that does not fit with one line for each issue", async () => {
    const items = z.object({ items: z.array(z.object({ name: z.string() })), b: z.number() });
    const tool = defineTool({ ...add, inputSchema: items, execute: () => 0 });
    const error = await failureOf(tool.run({ items: [{ name: "x" }, { name: 7 }], b: "1" }, context()));
    expect(error.kind).toBe("invalid-input");
    expect(error.retryable).toBe(false);
    expect(error.message.split("\n")).toEqual([
      "add: the input does not fit:",
      expect.stringMatching(/^- items\[1\]\.name: .*expected string/),
      expect.stringMatching(/^- b: .*expected number/),
    ]);
  });

  test("does not execute when the input does not fit", async () => {
    let calls = 0;
    await failureOf(defineTool({ ...add, execute: () => (calls += 1) }).run(null, context()));
    expect(calls).toBe(0);
  });

  test("rejects output of the wrong shape", async () => {
    const tool = defineTool({ ...add, outputSchema: z.number().max(10) });
    expect(await tool.run({ a: 1, b: 2 }, context())).toBe(3);
    const error = await failureOf(tool.run({ a: 10, b: 2 }, context()));
    expect(error.kind).toBe("invalid-output");
  });

  test.each([
    [new TypeError("boom"), "add: failed: boom"],
    ["a text", "add: failed: a text"],
    [undefined, "add: failed: [object Undefined]"],
    [new ToolError("other", "forbidden", { message: "no" }), "add: failed: other: no"],
  ])("names what execute throws: %s", async (thrown, message) => {
    const execute = () => {
      // oxlint-disable-next-line typescript/only-throw-error -- users throw anything
      throw thrown;
    };
    const error = await failureOf(defineTool({ ...add, execute }).run({ a: 1, b: 2 }, context()));
    expect(error).toMatchObject({ kind: "failed", retryable: true, message, tool: "add" });
    expect(error.cause).toBe(thrown);
  });

  test("passes a ToolError in the tool's own name on as it is", async () => {
    const own = new ToolError("add", "forbidden", { message: "not you" });
    expect(await failureOf(defineTool({ ...add, execute: () => Promise.reject(own) }).run({ a: 1, b: 2 }, context()))).toBe(own);
  });

  test("fails when the schema itself throws", async () => {
    const inputSchema = z.object({ a: z.number(), b: z.number() }).refine(() => {
      throw new Error("broken check");
    });
    expect(await failureOf(defineTool({ ...add, inputSchema }).run({ a: 1, b: 2 }, context()))).toMatchObject({ kind: "failed" });
  });

  test("rejects, and never throws, without a context", async () => {
    await expect(defineTool(add).run({}, undefined as never)).rejects.toThrow(TypeError);
  });
});

describe("run, deadline and abort", () => {
  function hanging() {
    const clock = fakeClock();
    const signals: AbortSignal[] = [];
    const releases: ((value: number) => void)[] = [];
    const execute = (_input: unknown, { signal }: ToolContext) => {
      signals.push(signal);
      return new Promise<number>((resolve) => releases.push(resolve));
    };
    const tool = defineTool({ ...add, timeoutMs: 500, execute }, { clock });
    const started = async () => {
      while (signals.length === 0) await Promise.resolve();
      return signals[0] as AbortSignal;
    };
    return { clock, tool, started, release: (value: number) => releases.forEach((resolve) => resolve(value)) };
  }

  test("rejects at the deadline though execute ignores its signal", async () => {
    const { clock, tool, started } = hanging();
    const run = failureOf(tool.run({ a: 1, b: 2 }, context()));
    const signal = await started();
    clock.advance(499);
    expect(signal.aborted).toBe(false);
    clock.advance(1);
    expect(await run).toMatchObject({ kind: "timeout", retryable: true });
    expect(signal.aborted).toBe(true);
    expect(clock.pending).toBe(0);
  });

  test("has a minute where no time is named", async () => {
    const clock = fakeClock();
    const run = failureOf(defineTool({ ...add, execute: () => new Promise<number>(() => {}) }, { clock }).run({ a: 1, b: 2 }, context()));
    clock.advance(60_000);
    expect(await run).toMatchObject({ kind: "timeout", message: "add: took longer than 60000 ms and was cut off" });
  });

  test("drops a late result", async () => {
    const { clock, tool, started, release } = hanging();
    const run = failureOf(tool.run({ a: 1, b: 2 }, context()));
    await started();
    clock.advance(500);
    release(3);
    expect((await run).kind).toBe("timeout");
  });

  test("rejects when the caller aborts, with the reason as cause", async () => {
    const { clock, tool, started } = hanging();
    const controller = new AbortController();
    const run = failureOf(tool.run({ a: 1, b: 2 }, context(controller.signal)));
    const signal = await started();
    const reason = new Error("incarnation ended");
    controller.abort(reason);
    const error = await run;
    expect(error).toMatchObject({ kind: "aborted", retryable: false, message: "add: aborted: incarnation ended" });
    expect(error.cause).toBe(reason);
    expect(signal.aborted).toBe(true);
    expect(clock.pending).toBe(0);
  });

  test("does not start when the signal is aborted already", async () => {
    let calls = 0;
    const tool = defineTool({ ...add, execute: () => (calls += 1) });
    expect((await failureOf(tool.run({ a: 1, b: 2 }, context(AbortSignal.abort())))).kind).toBe("aborted");
    expect(calls).toBe(0);
  });

  test("does not execute when it was cut off while the input was checked", async () => {
    const clock = fakeClock();
    let accept = (_result: { value: { a: number; b: number } }): void => {};
    let calls = 0;
    const slow: StandardSchemaV1<unknown, { a: number; b: number }> = {
      "~standard": { version: 1, vendor: "slow", validate: () => new Promise((resolve) => (accept = resolve)) },
    };
    const tool = defineTool({ ...add, inputSchema: slow, parameters: { type: "object" }, execute: () => (calls += 1) }, { clock });
    const run = failureOf(tool.run({}, context()));
    clock.advance(60_000);
    accept({ value: { a: 1, b: 2 } });
    expect((await run).kind).toBe("timeout");
    await Promise.resolve();
    expect(calls).toBe(0);
  });

  test("stays a timeout when execute hears of it and throws something else", async () => {
    const clock = fakeClock();
    const execute = (_input: unknown, { signal }: ToolContext) =>
      new Promise<number>((_resolve, reject) => signal.addEventListener("abort", () => reject(new Error("interrupted"))));
    const run = failureOf(defineTool({ ...add, execute }, { clock }).run({ a: 1, b: 2 }, context()));
    await Promise.resolve().then(() => Promise.resolve());
    clock.advance(60_000);
    expect((await run).kind).toBe("timeout");
  });

  test("leaves neither timer nor listener behind after a good end", async () => {
    const clock = fakeClock();
    const { signal } = new AbortController();
    let listeners = 0;
    const watched = new Proxy(signal, {
      get(target, property) {
        if (property === "addEventListener") listeners += 1;
        if (property === "removeEventListener") listeners -= 1;
        const value: unknown = Reflect.get(target, property, target);
        return typeof value === "function" ? (value as (...args: unknown[]) => unknown).bind(target) : value;
      },
    });
    await defineTool(add, { clock }).run({ a: 1, b: 2 }, context(watched));
    expect(clock.pending).toBe(0);
    expect(listeners).toBe(0);
  });
});

describe("undo", () => {
  const booking = {
    name: "book",
    description: "Books.",
    kind: "compensable",
    inputSchema: z.object({ seat: z.string() }),
  } as const;

  test("is given input, output and the key", async () => {
    const undone: unknown[] = [];
    const tool = defineTool({
      ...booking,
      execute: ({ seat }) => ({ id: `b-${seat}` }),
      undo: (input, output, { key }) => void undone.push(input, output, key),
    });
    const output = await tool.run({ seat: "1a" }, context());
    await tool.undo?.({ seat: "1a" }, output, context());
    expect(undone).toEqual([{ seat: "1a" }, { id: "b-1a" }, "/a#1.0"]);
  });

  test("is given the input that was checked, and no output where there is none", async () => {
    const undone: unknown[] = [];
    const tool = defineTool({
      ...booking,
      inputSchema: z.object({ seat: z.string().transform((seat) => seat.toUpperCase()) }),
      execute: () => 1,
      undo: (input, output) => void undone.push(input, output),
    });
    await tool.undo?.({ seat: "1a" }, undefined, context());
    expect(undone).toEqual([{ seat: "1A" }, undefined]);
    expect(await failureOf(tool.undo?.({ seat: 1 as never }, undefined, context()) ?? Promise.resolve())).toMatchObject({
      kind: "invalid-input",
    });
  });

  test("keeps the deadline and rejects with ToolError, as run does", async () => {
    const clock = fakeClock();
    const hang = defineTool({ ...booking, execute: () => 1, undo: () => new Promise<void>(() => {}) }, { clock });
    const run = failureOf(hang.undo?.({ seat: "1a" }, 1, context()) ?? Promise.resolve());
    clock.advance(60_000);
    expect((await run).kind).toBe("timeout");
    const broken = defineTool({
      ...booking,
      execute: () => 1,
      undo: () => {
        throw new Error("gone");
      },
    });
    expect(await failureOf(broken.undo?.({ seat: "1a" }, 1, context()) ?? Promise.resolve())).toMatchObject({ kind: "failed" });
  });
});
