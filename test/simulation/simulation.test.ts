/** Seeds of the simulator, the same in every run; `npm run simulate` has more of them. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checkPlan, checkSeed } from "./check-seed.ts";
import { makeNarrowPlan, makePlan } from "./make-plan.ts";
import { runMutants } from "./mutant-table.ts";
import type { Plan } from "./plan.ts";
import { shrink, shrinkFailure } from "./shrink.ts";
import { describePlan } from "./story.ts";
import { Tally } from "./tally.ts";

const seedsInAll = 320;
const seedsInOne = 40;
/** Seeds that failed once, of plans without the wide parts and of any. */
const narrowCorpus = [43, 44, 112, 500, 520, 700, 765, 825, 4_824, 5_344, 6_029, 6_042, 6_049, 6_235, 1_195, 1_738, 7_588, 21_179];
const corpus = [
  749, 2_306, 501_323, 2_002_526, 75, 81, 135, 145, 175, 248, 291, 328, 506, 650, 1_385, 1_539, 880_247, 910_123, 990_013, 990_313, 990_584,
  3_000_224, 3_000_288, 3_000_613, 3_000_628, 3_000_849, 3_000_888, 3_001_542, 3_002_665,
];

const { stackTraceLimit } = Error;
beforeAll(() => {
  Error.stackTraceLimit = 0; // A run makes thousands of errors that nobody reads.
});
afterAll(() => {
  Error.stackTraceLimit = stackTraceLimit;
});

/** What is wrong with a seed, with all that is needed to run it again. */
async function tellProblem(
  seed: number,
  { plan = makePlan(seed), tally }: { plan?: Plan; tally?: Tally } = {},
): Promise<string | undefined> {
  const { outcome, violation } = await checkPlan(plan);
  tally?.add(outcome);
  if (violation === undefined) return undefined;
  const smallest = await shrinkFailure(outcome.plan, violation);
  return `seed ${seed}: ${violation.invariant}: ${violation.problem}\nnpm run simulate -- --seed ${seed}\n${describePlan(smallest)}`;
}

describe("random organizations under random faults", () => {
  const tally = new Tally();
  const groups = Array.from({ length: seedsInAll / seedsInOne }, (_, at) => at * seedsInOne);

  test.each(groups)("keep every invariant, seeds %i and on", async (from) => {
    for (let seed = from; seed < from + seedsInOne; seed++) expect(await tellProblem(seed, { tally })).toBeUndefined();
  });

  test("had faults of every kind, and did enough", () => {
    expect(tally.problem).toBeUndefined();
  });

  test("keep every invariant where one did not hold before", async () => {
    for (const seed of narrowCorpus) expect(await tellProblem(seed, { plan: makeNarrowPlan(seed) })).toBeUndefined();
    for (const seed of corpus) expect(await tellProblem(seed)).toBeUndefined();
  });

  test("run in the same way again for the same seed, and in another for another", async () => {
    const hashes: string[] = [];
    for (const seed of [7, 8, 9, 7, 8, 9]) hashes.push((await checkSeed(seed)).outcome.history.hash());
    expect(hashes.slice(3)).toEqual(hashes.slice(0, 3));
    expect(new Set(hashes).size).toBe(3);
  });
});

describe("the simulator", () => {
  test.each(["the fence is ignored", "duplicates are taken", "timers are not set again", "an append is acknowledged and not stored"])(
    "finds a mistake: %s",
    async (name) => {
      const [result] = await runMutants({ seeds: 100, atOnce: 1, only: (mutant) => mutant.name === name });
      expect(result).toMatchObject({ name, found: { seed: expect.any(Number) as number } });
    },
  );

  test("shrinks a plan to what makes it fail", async () => {
    const plan = makePlan(7);
    const [needed] = plan.operations.slice(5);
    const fails = ({ operations, faults }: Plan): boolean => operations.some(({ id }) => id === needed!.id) && faults.length > 0;
    const smallest = await shrink(plan, (candidate) => Promise.resolve(fails(candidate)));
    expect(smallest).toMatchObject({ operations: [needed], members: [] });
    expect(smallest.faults).toHaveLength(1);
  });
});
