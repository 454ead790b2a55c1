/**
 * Chaos on real processes: nodes and servers of NATS on loopback, killed, stopped, cut off and replaced while they work.
 *
 *   npm run chaos                               five minutes, with a seed of its own
 *   npm run chaos -- --minutes 90 --seed N      a night; the seed decides who is struck, how and when, not what becomes of it
 *   npm run chaos -- --only stop-long,kill-node   these faults, and no others
 *   npm run chaos -- --mutants                  plants mistakes in the nodes, one after the other, and sees that each is found: ten minutes
 *
 * CHAOS_LOGS names a directory for the logs of the nodes.
 */
import { parseArgs } from "node:util";
import { print } from "../crash/seed.ts";
import { printResult, runChaos } from "./chaos.ts";
import { faultKinds, isFaultKind } from "./fault-plan.ts";
import { chaosMutants } from "./mutants.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string" },
    seed: { type: "string" },
    lease: { type: "string" },
    only: { type: "string" },
    mutants: { type: "boolean" },
    mutant: { type: "string" },
  },
});
const seed = values.seed ?? Date.now().toString(36);
const isFine = values.mutants === true || values.mutant !== undefined ? await findMutants() : await strike();
process.exit(isFine ? 0 : 1);

async function strike(): Promise<boolean> {
  const only = values.only?.split(",").map((kind) => {
    if (!isFaultKind(kind)) throw new Error(`--only: some of ${faultKinds.join(", ")}, not ${kind}`);
    return kind;
  });
  const minutes = Number(values.minutes ?? 5);
  print(`chaos for ${minutes} minutes, seed ${seed} (again: npm run chaos -- --minutes ${minutes} --seed ${seed})`);
  const result = await runChaos({
    seed,
    forMs: minutes * 60_000,
    leaseMs: Number(values.lease ?? 3_000),
    partitions: 8,
    first: [],
    only,
    settleMs: 90_000,
    least: {
      faults: minutes * 2,
      acknowledged: minutes * 500,
      delivered: minutes * 500,
      runs: minutes * 5,
      crews: Math.ceil(minutes / 2),
    },
  });
  printResult(seed, result);
  return result.violations.length === 0;
}

/** True when each mistake, or the one that was named, was found. */
async function findMutants(): Promise<boolean> {
  const verdicts: string[] = [];
  let isFine = true;
  for (const { name, only, minutes } of chaosMutants) {
    if (values.mutant !== undefined && values.mutant !== name) continue;
    print(`planted: ${name}`);
    const { violations } = await runChaos({
      seed: `${seed}/${name}`,
      mutant: name,
      forMs: minutes * 60_000,
      leaseMs: 1_500,
      partitions: 8,
      first: [],
      only,
      settleMs: 20_000,
      // What is looked for is a violation: that little was done is none.
      least: { faults: 0, acknowledged: 0, delivered: 0, runs: 0, crews: 0 },
    });
    isFine &&= violations.length > 0;
    verdicts.push(`${name}: ${violations[0] ?? "NOT FOUND"}`);
  }
  for (const verdict of verdicts) print(verdict);
  return isFine;
}
