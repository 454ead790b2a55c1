/** Seeds of simulated clusters, the same in every run; `npm run simulate -- --cluster` has more of them. */
import { describe, expect, test } from "vitest";
import { checkClusterSeed, ClusterTally, describeCluster, shrinkCluster } from "./check-cluster-seed.ts";

const seedsInAll = 100;
const seedsInOne = 20;

describe("clusters whose nodes, wires, leases and journals fail", () => {
  const tally = new ClusterTally();
  const groups = Array.from({ length: seedsInAll / seedsInOne }, (_, at) => at * seedsInOne);

  test.each(groups)("keep what they promise, seeds %i and on", async (from) => {
    for (let seed = from; seed < from + seedsInOne; seed++) {
      const { outcome, problems } = await checkClusterSeed(seed);
      tally.add(outcome);
      const story = problems.length === 0 ? "" : describeCluster(await shrinkCluster(outcome.plan));
      expect(problems, `npm run simulate -- --cluster --seed ${seed}\n${story}`).toEqual([]);
    }
  });

  test("had faults of every kind, and did enough", () => {
    expect(tally.problem).toBeUndefined();
  });

  test("run in the same way again for the same seed", async () => {
    const told = async (): Promise<unknown> => {
      const { begun, reports, steps } = (await checkClusterSeed(2)).outcome;
      return { begun, reports, steps };
    };
    expect(await told()).toEqual(await told());
  });
});
