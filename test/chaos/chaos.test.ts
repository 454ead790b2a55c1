/** Chaos on real processes, a short version; `npm run chaos` runs it for hours. */
import { describe, expect, test } from "vitest";
import { print } from "../crash/seed.ts";
import { printResult, runChaos } from "./chaos.ts";

describe("nodes and servers of NATS that are killed, stopped, cut off and replaced", () => {
  test("lose nothing, do nothing twice, and go on", { timeout: 180_000 }, async () => {
    const seed = process.env["CHAOS_SEED"] ?? Date.now().toString(36);
    print(`chaos: seed ${seed} (again: CHAOS_SEED=${seed})`);
    const result = await runChaos({
      seed,
      forMs: 22_000,
      leaseMs: 1_500,
      partitions: 4,
      first: ["kill-node", "stop-long", "kill-broker", "cut-links", "roll-nodes"],
      settleMs: 60_000,
      least: { faults: 5, acknowledged: 100, delivered: 100, runs: 3, crews: 1 },
    });
    printResult(seed, result);
    expect(result.violations).toEqual([]);
  });
});
