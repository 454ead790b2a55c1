import { expect, test } from "vitest";
import { describeBytes, describeTime } from "./moments.ts";

test.each([
  { epochMs: 0, says: "1970-01-01 00:00:00.000" },
  { epochMs: 1_795_355_349_606.7, says: "2026-11-22 13:49:09.606" },
  { epochMs: Infinity, says: "never" },
  { epochMs: Number.NaN, says: "never" },
])("the time $epochMs is $says", ({ epochMs, says }) => {
  expect(describeTime(epochMs)).toBe(says);
});

test.each([
  { bytes: 0, says: "0 B" },
  { bytes: 999, says: "999 B" },
  { bytes: 1_000, says: "1.0 kB" },
  { bytes: 999_960, says: "1.0 MB" },
  { bytes: 5e15, says: "5000.0 TB" },
])("$bytes bytes are $says", ({ bytes, says }) => {
  expect(describeBytes(bytes)).toBe(says);
});
