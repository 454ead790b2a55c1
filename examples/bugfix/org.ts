// A crew that mends a repository with a failing test: a planner, a critic, a worker, and a verifier who executes the check.
// Run it on your own: npm run orgtree -- run examples/bugfix/org.ts --repo PATH --check "npm test" --task "…"
import {
  agent,
  checkPasses,
  critic,
  fingerprintOf,
  leavesAlone,
  organization,
  planner,
  verifier,
  workspaceTools,
  type Repository,
} from "orgtree";
import { bugfixScript } from "./script.ts";

const looking = ["list_files", "read_file", "search_text"];

/** Paths whose change would let a patch pass by changing its examiner: tests, and what says how they are run. */
const isExaminer = (path: string): boolean =>
  /(^|\/)(tests?|spec|__tests__)\/|\.(test|spec)\.[a-z]+$|(^|\/)(package\.json|Makefile|\.npmrc)$/.test(path);

export default organization<Repository>({
  name: "bugfix",
  worksOn: "repository",
  risk: "medium",
  budget: { tokens: 1_000_000, usd: 5, wallMs: 30 * 60_000 },
  contract: {
    criteria: (repository) => [
      checkPasses(repository),
      leavesAlone(repository, isExaminer, "Tests and the files that say how they are run"),
    ],
    fingerprint: fingerprintOf,
  },
  tools: ({ workspace }) => Object.values(workspaceTools(workspace)),
  agents: {
    planner: planner({ purpose: "Find out why the check fails and plan the smallest change that mends it.", tools: looking }),
    critic: critic({ purpose: "Find how the plan would fail before anybody works by it." }),
    worker: agent({
      purpose: "Change the code so that the check passes.",
      rules: ["Mend the cause, not the symptom.", "Leave the tests alone."],
      tools: [...looking, "replace_text", "write_file", "run_check"],
    }),
    verifier: verifier({ purpose: "Execute the check on what the worker hands in." }),
  },
});

/** What `orgtree run` plays when it is given no repository: files beside this one, and a script when there is no key. */
export const demo = {
  files: new URL("./repo/", import.meta.url),
  check: "node --test",
  task: "The tests of tide-table fail. Mend the library.",
  script: bugfixScript,
};
