import type { Tool } from "@orgtree/core";
import { expect, test } from "vitest";
import { RunRecord } from "./run-record.ts";
import { ToolBox } from "./tool-box.ts";

const inputs: unknown[] = [];
const echo: Tool = {
  name: "echo",
  description: "Echoes.",
  kind: "pure",
  parameters: { type: "object" },
  run: async (input) => {
    inputs.push(input);
    return "done";
  },
};
const context = { signal: new AbortController().signal, key: "/a#1.0" } as never;

test.each([
  { sent: "no arguments", argumentsJson: " ", outcome: "done", input: {} },
  { sent: "a prototype", argumentsJson: '{"a":1,"__proto__":{"admin":true}}', outcome: "done", input: { a: 1 } },
  { sent: "half of it", argumentsJson: '{"a":', outcome: expect.stringContaining("echo: the arguments are not valid JSON") as string },
  { sent: "depth without end", argumentsJson: "[".repeat(200_000), outcome: expect.stringContaining("not valid JSON") as string },
  { sent: "more than anybody needs", argumentsJson: " ".repeat(5_000_000), outcome: expect.stringContaining("more than the") as string },
])("a model that sends $sent gets a result, and the tool only a value", async ({ argumentsJson, outcome, input }) => {
  inputs.length = 0;
  const tools = new ToolBox("/a", { permitted: [echo], known: ["echo"] }, new RunRecord());
  const result = await tools.call({ id: "1", name: "echo", argumentsJson }, context);
  expect(result).toMatchObject({ outcome, ok: outcome === "done" });
  expect(inputs).toEqual(input === undefined ? [] : [input]);
});
