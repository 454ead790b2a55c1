import assert from "node:assert/strict";
import { test } from "node:test";
import { highWaters, nextHighWater } from "../src/tides.js";
import { parseObservations, toTime } from "../src/parse.js";

const day = `
# a day in March
04:00 2.1
06:12 3.4
08:30 2.0
12:40 0.6
16:10 2.2
18:35 3.6
20:50 1.9
`;

test("finds the peaks", () => {
  assert.deepEqual(
    highWaters(parseObservations(day)).map(({ minute }) => toTime(minute)),
    ["06:12", "18:35"],
  );
});

test("says when the next high water is", () => {
  assert.equal(nextHighWater(day, 7 * 60), "18:35");
});

test("expects one after the last that was observed, on the next day", () => {
  assert.equal(nextHighWater(day, 19 * 60), "07:00");
});

test("expects one that is more than a period away", () => {
  assert.equal(nextHighWater("04:00 1\n05:00 3\n06:00 1", 20 * 60), "05:50");
});
