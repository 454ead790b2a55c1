import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decideRestart, type RestartIntensity } from "./intensity.ts";

/** The attempts at these times, one after the other: which of them are granted. */
function grants(intensity: RestartIntensity, timesMs: readonly number[]): readonly boolean[] {
  let stamps: readonly number[] = [];
  return timesMs.map((nowMs) => {
    const verdict = decideRestart(intensity, stamps, nowMs);
    stamps = verdict.stamps;
    return verdict.granted;
  });
}

const intensity = fc.record({ maxRestarts: fc.integer({ min: 0, max: 5 }), periodMs: fc.integer({ min: 1, max: 100 }) });
const times = fc.array(fc.nat(40), { maxLength: 40 }).map((steps) => {
  let nowMs = 0;
  return steps.map((step) => (nowMs += step));
});

describe("decideRestart", () => {
  test.each([
    { why: "no restart at all where none is allowed", maxRestarts: 0, periodMs: 1_000, timesMs: [0], granted: [false] },
    { why: "as many as maxRestarts within the period", maxRestarts: 2, periodMs: 1_000, timesMs: [0, 1, 2], granted: [true, true, false] },
    { why: "a stamp exactly a period old still counts", maxRestarts: 1, periodMs: 1_000, timesMs: [0, 1_000], granted: [true, false] },
    { why: "an older one does not", maxRestarts: 1, periodMs: 1_000, timesMs: [0, 1_001], granted: [true, true] },
    { why: "the window slides", maxRestarts: 2, periodMs: 1_000, timesMs: [0, 900, 1_001, 1_800], granted: [true, true, true, false] },
  ])("$why", ({ maxRestarts, periodMs, timesMs, granted }) => {
    expect(grants({ maxRestarts, periodMs }, timesMs)).toEqual(granted);
  });

  test("never grants more than maxRestarts in any window, and refuses only a full one", () => {
    fc.assert(
      fc.property(intensity, times, (limit, timesMs) => {
        const granted = grants(limit, timesMs);
        for (const [at, nowMs] of timesMs.entries()) {
          const isInWindow = (other: number): boolean => timesMs[other]! >= nowMs - limit.periodMs;
          const attempts = [...timesMs.keys()].filter((other) => other < at && isInWindow(other));
          const grantedBefore = attempts.filter((other) => granted[other]).length;
          if (granted[at]) expect(grantedBefore).toBeLessThan(limit.maxRestarts);
          else expect(attempts.length).toBeGreaterThanOrEqual(limit.maxRestarts);
        }
      }),
    );
  });

  test("keeps no stamp that is older than the period", () => {
    fc.assert(
      fc.property(intensity, times, (limit, timesMs) => {
        let stamps: readonly number[] = [];
        for (const nowMs of timesMs) {
          ({ stamps } = decideRestart(limit, stamps, nowMs));
          for (const stamp of stamps) expect(stamp).toBeGreaterThanOrEqual(nowMs - limit.periodMs);
        }
      }),
    );
  });
});
