import { describe, expect, test } from "vitest";
import { plainJson } from "./plain-json.ts";

describe("plainJson", () => {
  test("says what JSON cannot say", () => {
    const value = { big: 3n, none: undefined, more: Infinity, at: new Date(0), bytes: new Uint8Array([1, 2]), error: new TypeError("odd") };
    expect(JSON.parse(plainJson(value))).toEqual({
      big: "3n",
      more: "Infinity",
      at: "1970-01-01T00:00:00.000Z",
      bytes: "base64:AQI=",
      error: { name: "TypeError", message: "odd" },
    });
    expect(plainJson(undefined)).toBe("undefined");
  });

  test("escapes what would do something to a terminal, and stays the same value", () => {
    const value = { "\u009b31m": "\u001b[2J\u202eabc\u2028\u{e0001}" };
    const text = plainJson(value, 2);
    // oxlint-disable-next-line no-control-regex -- those are what must not be there
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e\u2028]/);
    expect(JSON.parse(text)).toEqual(value);
  });
});
