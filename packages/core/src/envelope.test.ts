import { describe, expect, test } from "vitest";
import { isReservedType, reservedPrefixes } from "./envelope.ts";

describe("isReservedType", () => {
  test.each(reservedPrefixes)("keeps %s* for the runtime", (prefix) => {
    expect(isReservedType(prefix)).toBe(true);
    expect(isReservedType(`${prefix}done`)).toBe(true);
  });

  test("keeps XState's wildcard from being sent", () => {
    expect(isReservedType("*")).toBe(true);
  });

  test.each(["", "done", "xstate", "orgtree", "XSTATE.done", "my.xstate.done", "a*"])("leaves %j to users", (type) => {
    expect(isReservedType(type)).toBe(false);
  });
});
