import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { backoffMs, makeBackoff } from "./backoff.ts";

const none = { next: () => 0 };

describe("makeBackoff", () => {
  test.each([
    { given: {}, made: { minMs: 100, maxMs: 10_000, factor: 2, jitter: 0.2, resetAfterMs: 5_050 } },
    { given: { minMs: 50, maxMs: 150 }, made: { minMs: 50, maxMs: 150, factor: 2, jitter: 0.2, resetAfterMs: 100 } },
    { given: { minMs: 60_000 }, made: { minMs: 60_000, maxMs: 60_000, factor: 2, jitter: 0.2, resetAfterMs: 60_000 } },
    { given: { resetAfterMs: 7 }, made: { minMs: 100, maxMs: 10_000, factor: 2, jitter: 0.2, resetAfterMs: 7 } },
  ])("fills $given in", ({ given, made }) => {
    expect(makeBackoff(given)).toEqual(made);
  });
});

describe("backoffMs", () => {
  test("doubles from the least delay to the longest", () => {
    const backoff = makeBackoff({ minMs: 100, maxMs: 1_000 });
    expect([1, 2, 3, 4, 5, 60].map((failures) => backoffMs(backoff, failures, none))).toEqual([100, 200, 400, 800, 1_000, 1_000]);
  });

  test("adds at most the share that jitter allows", () => {
    const backoff = makeBackoff({ minMs: 100, jitter: 0.5 });
    expect(backoffMs(backoff, 1, { next: () => 0.999 })).toBeCloseTo(149.95);
  });

  test("stays between the least delay and the longest with its jitter, and never falls, for any number of failures", () => {
    const anyBackoff = fc.record({
      minMs: fc.double({ min: 0, max: 1e6, noNaN: true }),
      spanMs: fc.double({ min: 0, max: 1e9, noNaN: true }),
      factor: fc.double({ min: 1, max: 1e3, noNaN: true }),
      jitter: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(
        anyBackoff,
        fc.integer({ min: 1, max: 5_000 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (given, failures, chance) => {
          const backoff = makeBackoff({ ...given, maxMs: given.minMs + given.spanMs });
          const delayMs = backoffMs(backoff, failures, { next: () => chance });
          expect(delayMs).toBeGreaterThanOrEqual(backoff.minMs);
          expect(delayMs).toBeLessThanOrEqual(backoff.maxMs * (1 + backoff.jitter));
          expect(backoffMs(backoff, failures + 1, none)).toBeGreaterThanOrEqual(backoffMs(backoff, failures, none));
        },
      ),
    );
  });
});
