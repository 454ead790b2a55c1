import { describe, expect, test } from "vitest";
import { isOversized } from "./message-size.ts";

describe("isOversized", () => {
  test.each([
    ["a text", "x".repeat(11), true],
    ["a text at the limit", "x".repeat(10), false],
    ["bytes", new Uint8Array(11), true],
    ["bytes at the limit", new Uint8Array(10), false],
    ["a view of long bytes", new DataView(new ArrayBuffer(11)), true],
    ["a text in a field", { type: "t", body: "x".repeat(11) }, true],
    ["bytes in a field", { type: "t", body: Buffer.alloc(11) }, true],
    ["a text in an array", ["x".repeat(11)], true],
    ["a text two levels down, which it does not look at", { body: { text: "x".repeat(11) } }, false],
    ["a number", 12_345_678_901, false],
    ["null", null, false],
    ["undefined", undefined, false],
    ["an object without a prototype", Object.assign(Object.create(null), { body: "x" }), false],
  ])("looks at %s", (_what, message, isLong) => {
    expect(isOversized(message, 10)).toBe(isLong);
  });
});
