/**
 * The simulator: runs of the real packages in which everything goes wrong that may, made from seeds.
 *
 *   npm run simulate                          1,000 seeds from 0 on
 *   npm run simulate -- --seeds 100000        as many as that; --from 5000 begins elsewhere
 *   npm run simulate -- --seed 1234           one seed again, with its whole story; shrunk when it fails
 *   npm run simulate -- --cluster             clusters, whose nodes, wires, leases and journals fail; also with --seeds, --from, --seed
 *   npm run simulate -- --mutants             plants mistakes in the product and sees that each is found within 300 seeds
 */
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { checkPlan, checkSeed } from "./check-seed.ts";
import { checkClusterSeed, ClusterTally, describeCluster, shrinkCluster } from "./cluster/check-cluster-seed.ts";
import { makePlan } from "./make-plan.ts";
import { describeMutants, runMutants } from "./mutant-table.ts";
import { shrinkFailure } from "./shrink.ts";
import { describeHistory, describePlan } from "./story.ts";
import { Tally } from "./tally.ts";

/** Failures that are shrunk and printed before a run of many seeds stops. */
const mostFailures = 5;

Error.stackTraceLimit = 0; // A run makes thousands of errors that nobody reads.
const { values } = parseArgs({
  options: {
    seeds: { type: "string" },
    from: { type: "string" },
    seed: { type: "string" },
    mutants: { type: "boolean" },
    cluster: { type: "boolean" },
  },
});
const seeds = Number(values.seeds ?? (values.mutants === true ? 300 : 1_000));
if (values.mutants === true) process.exitCode = await tryMutants();
else if (values.cluster === true)
  process.exitCode = await tryClusters(Number(values.seed ?? values.from ?? 0), values.seed === undefined ? seeds : 1);
else if (values.seed === undefined) process.exitCode = await tryMany(Number(values.from ?? 0), seeds);
else process.exitCode = await tryOne(Number(values.seed));

async function tryMany(from: number, count: number): Promise<number> {
  const tally = new Tally();
  const startMs = performance.now();
  let failures = 0;
  for (let seed = from; seed < from + count && failures < mostFailures; seed++) {
    const { outcome, violation } = await checkSeed(seed);
    tally.add(outcome);
    if (violation === undefined) continue;
    failures++;
    console.log(`seed ${seed} fails: ${violation.invariant}\n  ${violation.problem}`);
    console.log(describePlan(await shrinkFailure(outcome.plan, violation)));
    console.log(`its story: npm run simulate -- --seed ${seed}\n`);
  }
  console.log(String(tally));
  console.log(`${(count / ((performance.now() - startMs) / 1_000)).toFixed(1)} seeds a second, ${failures} failed`);
  if (tally.problem !== undefined) console.log(`too little to show anything: ${tally.problem}`);
  return failures > 0 || tally.problem !== undefined ? 1 : 0;
}

async function tryClusters(from: number, count: number): Promise<number> {
  const tally = new ClusterTally();
  let failures = 0;
  for (let seed = from; seed < from + count && failures < mostFailures; seed++) {
    const { outcome, problems } = await checkClusterSeed(seed);
    tally.add(outcome);
    if (problems.length === 0) continue;
    failures++;
    console.log(`seed ${seed} fails:\n  ${problems.join("\n  ")}\n${describeCluster(await shrinkCluster(outcome.plan))}\n`);
  }
  console.log(`${String(tally)}\n${failures} failed`);
  if (tally.problem !== undefined) console.log(`too little to show anything: ${tally.problem}`);
  return failures > 0 || tally.problem !== undefined ? 1 : 0;
}

/** Twice, to see that it runs in the same way; then its smallest plan. */
async function tryOne(seed: number): Promise<number> {
  const plan = makePlan(seed);
  const first = await checkPlan(plan);
  const again = await checkPlan(plan);
  const hash = first.outcome.history.hash();
  if (again.outcome.history.hash() !== hash) console.log(`seed ${seed} does not run in the same way twice`);
  const { violation } = first;
  const smallest = violation === undefined ? plan : await shrinkFailure(plan, violation);
  const told = violation === undefined ? first : await checkPlan(smallest);
  console.log(describePlan(smallest));
  console.log(describeHistory(told.outcome));
  console.log(
    violation === undefined ? `seed ${seed} holds (${hash})` : `${violation.invariant}: ${told.violation?.problem ?? violation.problem}`,
  );
  return violation === undefined ? 0 : 1;
}

async function tryMutants(): Promise<number> {
  const results = await runMutants({ seeds, atOnce: Math.min(4, availableParallelism()) });
  console.log(describeMutants(results));
  const missed = results.filter(({ found }) => found === undefined).length;
  console.log(`${results.length - missed} mutants found, ${missed} not found`);
  return missed > 0 ? 1 : 0;
}
