import { describe, expect, test } from "vitest";

import { cleanText, clipText, firstLine, widthOf } from "./display-width.ts";

describe("cleanText", () => {
  test.each([
    ["\u001b[31mred\u001b[0m", "red"],
    ["up\u001b[2A and\rover", "up and over"],
    ["two\n lines\t", "two lines"],
    ["turned \u202etxet", "turned txet"],
    ["bell\u0007", "bell"],
  ])("%j: %s", (text, clean) => {
    expect(cleanText(text)).toBe(clean);
  });
});

describe("firstLine", () => {
  test("skips empty lines", () => {
    expect(firstLine("\n  \n exit code 1\nmore")).toBe("exit code 1");
    expect(firstLine("")).toBe("");
  });
});

describe("widthOf", () => {
  test.each([
    ["worker", 6],
    ["├─ ✔ …", 6],
    ["潮汐", 4],
    ["🌊", 2],
    ["e\u0301", 1],
    ["👩‍👧", 2],
  ])("%s: %d", (text, width) => {
    expect(widthOf(text)).toBe(width);
  });
});

describe("clipText", () => {
  test.each([
    ["worker", 6, "worker"],
    ["worker", 5, "work…"],
    ["潮汐表", 4, "潮…"],
    ["worker", 1, "…"],
    ["worker", 0, ""],
  ])("%s in %d columns: %s", (text, columns, clipped) => {
    expect(clipText(text, columns)).toBe(clipped);
    expect(widthOf(clipped)).toBeLessThanOrEqual(columns);
  });
});
