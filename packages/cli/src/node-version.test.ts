import { describe, expect, test } from "vitest";
import { isAtLeast } from "./node-version.ts";

describe("isAtLeast", () => {
  test.each([
    { version: "22.18.0", is: true },
    { version: "22.18.1", is: true },
    { version: "22.20.0", is: true },
    { version: "24.1.0", is: true },
    { version: "22.17.9", is: false },
    { version: "22.9.0", is: false },
    { version: "20.20.2", is: false },
  ])("$version against 22.18: $is", ({ version, is }) => {
    expect(isAtLeast(version, "22.18")).toBe(is);
  });
});
