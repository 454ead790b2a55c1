/**
 * Chaos on real processes: nodes and servers of NATS on loopback, killed, stopped, cut off and replaced while they work.
 *
 *   npm run chaos                               five minutes, with a seed of its own
 *   npm run chaos -- --minutes 90 --seed N      a night; the seed decides who is struck, how and when, not what becomes of it
 *   npm run chaos -- --only stop-long,kill-node   these faults, and no others
 *
 * CHAOS_LOGS names a directory for the logs of the nodes.
 */
import { parseArgs } from "node:util";
import { print } from "../crash/seed.ts";
import { printResult, runChaos } from "./chaos.ts";
import { faultKinds, isFaultKind } from "./fault-plan.ts";

const { values } = parseArgs({
  options: { minutes: { type: "string" }, seed: { type: "string" }, lease: { type: "string" }, only: { type: "string" } },
});
const only = values.only?.split(",").map((kind) => {
  if (!isFaultKind(kind)) throw new Error(`--only: some of ${faultKinds.join(", ")}, not ${kind}`);
  return kind;
});
const minutes = Number(values.minutes ?? 5);
const seed = values.seed ?? Date.now().toString(36);
print(`chaos for ${minutes} minutes, seed ${seed} (again: npm run chaos -- --minutes ${minutes} --seed ${seed})`);
const result = await runChaos({
  seed,
  forMs: minutes * 60_000,
  leaseMs: Number(values.lease ?? 3_000),
  partitions: 8,
  first: [],
  only,
  settleMs: 90_000,
  least: { faults: minutes * 2, acknowledged: minutes * 500, delivered: minutes * 500, runs: minutes * 5, crews: Math.ceil(minutes / 2) },
});
printResult(seed, result);
process.exit(result.violations.length === 0 ? 0 : 1);
