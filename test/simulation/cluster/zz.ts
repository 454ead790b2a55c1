import { makeClusterPlan } from "./cluster-plan.ts";
import { simulateCluster } from "./sim-cluster.ts";
import { clusterProblems } from "./check-cluster.ts";
Error.stackTraceLimit = 0;
const from = Number(process.argv[2] ?? 0),
  n = Number(process.argv[3] ?? 20);
for (let s = from; s < from + n; s++) {
  const t = performance.now();
  const o = await simulateCluster(makeClusterPlan(s));
  const p = clusterProblems(o);
  console.log(
    s,
    o.steps,
    (performance.now() - t).toFixed(0) + "ms",
    "begins",
    o.begins,
    "ans",
    o.answered.size + "/" + o.plan.operations.length,
    "failed",
    o.failed.size,
    JSON.stringify([...o.struck]),
    p.length ? "FAIL " + p.join("; ").slice(0, 600) : "",
  );
}
