import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import { makeChatAssembly } from "./chat-stream.ts";

function assemble(deltas: readonly unknown[]) {
  const assembly = makeChatAssembly();
  for (const delta of deltas) assembly.add({ choices: [{ delta }] });
  return assembly.draft.toolCalls.map(({ id, name, argumentsJson }) => [id, name, argumentsJson]);
}

describe("makeChatAssembly", () => {
  test.each([
    {
      what: "an index for each call, pieces interleaved",
      deltas: [
        { tool_calls: [{ index: 0, id: "a", function: { name: "x", arguments: "{" } }] },
        { tool_calls: [{ index: 1, id: "b", function: { name: "y" } }] },
        {
          tool_calls: [
            { index: 0, function: { arguments: "}" } },
            { index: 1, function: { arguments: "[]" } },
          ],
        },
      ],
    },
    {
      what: "no index",
      deltas: [
        { tool_calls: [{ id: "a", function: { name: "x", arguments: "{" } }] },
        { tool_calls: [{ function: { arguments: "}" } }] },
        { tool_calls: [{ id: "b", function: { name: "y", arguments: "[]" } }] },
      ],
    },
    {
      what: "index 0 for every call",
      deltas: [
        { tool_calls: [{ index: 0, id: "a", function: { name: "x", arguments: "{}" } }] },
        { tool_calls: [{ index: 0, id: "b", function: { name: "y", arguments: "[]" } }] },
      ],
    },
    {
      what: "a new id in every piece",
      deltas: [
        { tool_calls: [{ index: 0, id: "a", function: { name: "x", arguments: "{" } }] },
        { tool_calls: [{ index: 0, id: "a2", function: { arguments: "}" } }] },
        { tool_calls: [{ index: 1, id: "b", function: { name: "y" } }] },
        { tool_calls: [{ index: 1, id: "b2", function: { arguments: "[]" } }] },
      ],
    },
  ])("understands servers that send $what", ({ deltas }) => {
    expect(assemble(deltas)).toEqual([
      ["a", "x", "{}"],
      ["b", "y", "[]"],
    ]);
  });

  test("makes up an id where there is none", () => {
    expect(assemble([{ tool_calls: [{ index: 0, function: { name: "x", arguments: "{}" } }] }])).toEqual([["call_0", "x", "{}"]]);
  });

  test("takes any object without falling over", () => {
    const anything = fc.object({
      key: fc.constantFrom("choices", "delta", "tool_calls", "function", "index", "content", "usage", "x"),
      maxDepth: 6,
    });
    fc.assert(
      fc.property(fc.array(anything), (chunks) => {
        const assembly = makeChatAssembly();
        for (const chunk of chunks) expect(assembly.add(chunk)).toBeTypeOf("string");
        expect(assembly.draft.finishReason).toBeUndefined();
      }),
    );
  });

  test("gives the same calls however their arguments are cut", () => {
    fc.assert(
      fc.property(fc.array(fc.string()), fc.array(fc.string()), (first, second) => {
        const piece = (index: number, text: string) => ({ tool_calls: [{ index, function: { arguments: text } }] });
        const start = (index: number, name: string) => ({ tool_calls: [{ index, id: name, function: { name } }] });
        const deltas = [start(0, "x"), start(1, "y"), ...first.map((text) => piece(0, text)), ...second.map((text) => piece(1, text))];
        expect(assemble(deltas)).toEqual([
          ["x", "x", first.join("")],
          ["y", "y", second.join("")],
        ]);
      }),
    );
  });
});
