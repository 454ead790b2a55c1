import { shrinkList } from "../shrink.ts";
import { clusterProblems } from "./check-cluster.ts";
import { type ClusterPlan, makeClusterPlan } from "./cluster-plan.ts";
import { type ClusterOutcome, simulateCluster } from "./sim-cluster.ts";

/** A run that was looked at. */
export interface CheckedCluster {
  readonly outcome: ClusterOutcome;
  readonly problems: readonly string[];
}

/** Runs that are made at most to shrink one plan. */
const mostRuns = 200;

/** Runs the plan of a seed and looks at what came of it. */
export function checkClusterSeed(seed: number): Promise<CheckedCluster> {
  return checkClusterPlan(makeClusterPlan(seed));
}

/** Runs a plan and looks at what came of it. */
async function checkClusterPlan(plan: ClusterPlan): Promise<CheckedCluster> {
  const outcome = await simulateCluster(plan);
  return { outcome, problems: clusterProblems(outcome) };
}

/** A smaller plan in which something is still wrong. */
export async function shrinkCluster(plan: ClusterPlan): Promise<ClusterPlan> {
  let runs = 0;
  const fails = async (candidate: ClusterPlan): Promise<boolean> =>
    runs++ < mostRuns && (await checkClusterPlan(candidate)).problems.length > 0;
  const fewer = await shrinkList(plan, plan.faults, { with: (faults) => ({ ...plan, faults }), fails });
  return shrinkList(fewer, fewer.operations, { with: (operations) => ({ ...fewer, operations }), fails });
}

/** A plan as text. */
export function describeCluster({ operations, faults, ...rest }: ClusterPlan): string {
  const lines = [...operations, ...faults].toSorted((one, other) => one.atMs - other.atMs).map((each) => `  ${JSON.stringify(each)}`);
  return [JSON.stringify(rest), ...lines].join("\n");
}

/** What a set of runs had in it: one in which nothing went wrong, or nothing was done, shows nothing. */
export class ClusterTally {
  #runs = 0;
  #answered = 0;
  #begins = 0;
  readonly #struck = new Map<string, number>();

  add({ answered, begins, struck }: ClusterOutcome): void {
    this.#runs++;
    this.#answered += answered.size;
    this.#begins += begins;
    for (const [how, times] of struck) this.#struck.set(how, (this.#struck.get(how) ?? 0) + times);
  }

  /** What was too little, in words; for sets of fifty runs and more. */
  get problem(): string | undefined {
    if (this.#runs < 50) return undefined;
    const faults = ["kill", "stop", "cut", "drain", "close", "join", "outage"];
    const never = [...faults, ...["before", "after", "slow", "over", "refused", "stop"].map((how) => `append ${how}`)].filter(
      (how) => !this.#struck.has(how),
    );
    if (never.length > 0) return `never struck: ${never.join(", ")}`;
    return this.#answered < 5 * this.#runs ? `only ${this.#answered} operations were answered in ${this.#runs} runs` : undefined;
  }

  toString(): string {
    const struck = [...this.#struck].toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([how, times]) => `${how} ${times}`);
    return `${this.#runs} clusters, ${this.#answered} operations answered, partitions begun ${this.#begins} times\nfaults: ${struck.join(", ")}`;
  }
}
