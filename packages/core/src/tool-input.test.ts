import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ToolError } from "./tool.ts";
import { maxArgumentsLength, parseToolInput } from "./tool-input.ts";

describe("parseToolInput", () => {
  test("gives the value of JSON text", () => {
    const values = fc.jsonValue().map((value) => JSON.stringify(value));
    fc.assert(
      fc.property(
        values.filter((text) => !text.includes("__proto__")),
        (text) => {
          expect(parseToolInput(text, "add")).toEqual(JSON.parse(text));
        },
      ),
    );
  });

  test.each(["", "  \n"])("takes %j for no arguments", (text) => {
    expect(parseToolInput(text, "add")).toEqual({});
  });

  test.each(["{", "{a: 1}", "```json\n{}\n```", "{} {}", "NaN", "[".repeat(200_000) + "]".repeat(200_000)])(
    "refuses malformed text %#",
    (text) => {
      const parse = () => parseToolInput(text, "add");
      expect(parse).toThrow(ToolError);
      expect(parse).toThrow(expect.objectContaining({ kind: "invalid-input", tool: "add" }));
    },
  );

  test("refuses text over the limit unread", () => {
    expect(() => parseToolInput(" ".repeat(maxArgumentsLength + 1), "add")).toThrow(/more than the 4194304 allowed/);
  });

  test("throws nothing but ToolError, whatever the text", () => {
    fc.assert(
      // fast-check's own unit for this makes a table of a million characters first.
      fc.property(fc.string({ unit: fc.nat(0x10_ff_ff).map((code) => String.fromCodePoint(code)) }), (text) => {
        try {
          parseToolInput(text, "add");
          return true;
        } catch (error) {
          return error instanceof ToolError;
        }
      }),
    );
  });

  test("drops __proto__ keys, escaped ones too", () => {
    const value = parseToolInput('{"a":{"__proto__":{"admin":true}},"\\u005f_proto__":{"admin":true},"b":1}', "add");
    expect(value).toEqual({ a: {}, b: 1 });
    expect(Object.assign({}, value)).not.toHaveProperty("admin");
  });

  test("keeps the message short when the text is long", () => {
    expect(() => parseToolInput(`{"a": ${"x".repeat(10_000)}`, "add")).toThrow(
      expect.objectContaining({ message: expect.stringMatching(/^.{1,400}$/s) }),
    );
  });
});
