/**
 * The simulator: `npm run simulate -- --seeds 1000`. Options: `--seeds N`, `--from N`, `--seed N` for one of them with its
 * story, `--no-shrink`.
 */
import { parseArgs } from "node:util";
import { checkPlan, checkSeed } from "./check-seed.ts";
import { makePlan } from "./make-plan.ts";
import { shrink } from "./shrink.ts";
import { describeHistory, describePlan } from "./story.ts";

Error.stackTraceLimit = 0;
const { values } = parseArgs({
  options: {
    seeds: { type: "string" },
    from: { type: "string" },
    seed: { type: "string" },
    shrink: { type: "boolean" },
    all: { type: "boolean" },
    only: { type: "string" },
  },
});
if (values.seed !== undefined) {
  const plan = makePlan(Number(values.seed));
  let { outcome, violation } = await checkPlan(plan);
  let small = plan;
  if (violation !== undefined && values.shrink) {
    small = await shrink(plan, violation.invariant);
    ({ outcome, violation } = await checkPlan(small));
  }
  console.log(describePlan(small));
  console.log(describeHistory(outcome));
  console.log(violation);
} else {
  const from = Number(values.from ?? 0),
    n = Number(values.seeds ?? 300);
  const start = performance.now();
  const by = new Map<string, string[]>();
  for (let seed = from; seed < from + n; seed++) {
    const { violation } = await checkSeed(seed);
    if (violation) by.set(violation.invariant, [...(by.get(violation.invariant) ?? []), seed + ": " + violation.problem.slice(0, 300)]);
  }
  for (const [k, v] of by) {
    console.log("==", k, v.length);
    for (const x of v.slice(0, 5)) console.log("   ", x);
  }
  console.log(((n / (performance.now() - start)) * 1000).toFixed(1), "seeds/s");
}
