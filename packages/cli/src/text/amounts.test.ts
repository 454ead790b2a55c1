import { describe, expect, test } from "vitest";

import { countOf, describeCount, describeDuration, describeUsd } from "./amounts.ts";

describe("describeDuration", () => {
  test.each([
    [-1, "0.0 s"],
    [0, "0.0 s"],
    [449, "0.4 s"],
    [9_940, "9.9 s"],
    [9_960, "10 s"],
    [59_400, "59 s"],
    [59_600, "1 min"],
    [185_000, "3 min 05 s"],
    [1_800_000, "30 min"],
    [7_380_000, "2 h 03 min"],
  ])("%d ms: %s", (durationMs, text) => {
    expect(describeDuration(durationMs)).toBe(text);
  });
});

describe("describeCount", () => {
  test.each([
    [0, "0"],
    [999, "999"],
    [12_331, "12,331"],
    [1_000_000, "1,000,000"],
  ])("%d: %s", (count, text) => {
    expect(describeCount(count)).toBe(text);
  });
});

describe("countOf", () => {
  test("has a plural", () => {
    expect([0, 1, 2].map((count) => countOf(count, "restart"))).toEqual(["0 restarts", "1 restart", "2 restarts"]);
  });
});

describe("describeUsd", () => {
  test.each([
    [0, "$0.00"],
    [0.00412, "$0.0041"],
    [1.2, "$1.20"],
  ])("%d: %s", (usd, text) => {
    expect(describeUsd(usd)).toBe(text);
  });
});
