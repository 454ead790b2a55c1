import { expect, test } from "vitest";
import { stableHash } from "./stable-hash.ts";

// These never change: every process of every version has to look for an address in the same place.
test.each([
  ["", 2_872_998_923],
  ["a", 444_641_715],
  ["/run-1", 1_827_013_943],
  ["/run-2", 3_007_544_492],
  ["/newsroom/desk/writer-2", 2_665_577_496],
])("the hash of %j is %i", (text, hash) => {
  expect(stableHash(text)).toBe(hash);
});

test("spreads names that differ little", () => {
  const counts = Array.from({ length: 16 }, () => 0);
  for (let n = 0; n < 16_000; n++) counts[stableHash(`/run-${n}`) % 16]!++;
  expect(Math.min(...counts)).toBeGreaterThan(900);
  expect(Math.max(...counts)).toBeLessThan(1_100);
});
