// What a mediocre model might do with this task. It crashes once, claims tests that it never ran, reads the same file again
// and again, and hands in half a patch; then it gets it right. The organization has to hold meanwhile.
import { callTool, scriptedModel, systemClock, type ModelClient, type ScriptReply } from "orgtree";

const brokenTime = "  const hours = Math.floor(minute / 60);";
const mendedTime = "  const hours = Math.floor(minute / 60) % 24;";
const brokenNext = "  return toTime(last.minute + tidalPeriod);";
const mendedNext = "  let next = last.minute + tidalPeriod;\n  while (next <= minute) next += tidalPeriod;\n  return toTime(next);";

const read = (path: string) => callTool("read_file", { path });
const replace = (path: string, [oldText, newText]: readonly [string, string]) => callTool("replace_text", { path, oldText, newText });
const runCheck = (criterion: string) => callTool("run_check", { criterion });
const deliver = (handIn: object) => callTool("deliver", handIn);

/** The script, by role. Each answer takes `thinkMs`, so that one can watch. */
export function bugfixScript(thinkMs: number): ModelClient {
  const plan = {
    steps: [
      { goal: "Make toTime in src/parse.js wrap at midnight.", doneWhen: "31:00 is shown as 07:00" },
      { goal: "Make nextHighWater in src/tides.js go on until it has passed the given minute.", doneWhen: "the last test passes" },
    ],
  };
  const script = {
    planner: [callTool("list_files", {}), read("src/tides.js"), deliver(plan)],
    critic: [deliver({ objections: [{ risk: "Mending toTime alone leaves the last test red.", blocking: false }] })],
    worker: [
      // The first life ends in a crash; see below. The second mends one of two faults and says that all tests pass.
      read("src/parse.js"),
      replace("src/parse.js", [brokenTime, mendedTime]),
      deliver({ summary: "All tests pass.", passed: ["check"], unproven: ["untouched"] }),
      // The third cannot let go of a file.
      ...Array.from({ length: 4 }, () => read("src/tides.js")),
      // The fourth hands in what there is, without a claim: what it writes beside is no evidence. The verifier sends it back.
      deliver({ summary: "toTime wraps at midnight now, all is well.", passed: [], unproven: ["check", "untouched"] }),
      // With the evidence in hand it does the other half, and looks before it speaks.
      replace("src/tides.js", [brokenNext, mendedNext]),
      runCheck("check"),
      runCheck("untouched"),
      deliver({
        summary: "toTime wraps at midnight; nextHighWater goes on until it has passed the given minute.",
        passed: ["check", "untouched"],
        unproven: [],
      }),
    ],
  };
  const paced = (steps: readonly ScriptReply[]) => steps.map((reply) => ({ reply, delayMs: thinkMs }));
  const worker = paced(script.worker);
  return scriptedModel(
    {
      planner: paced(script.planner),
      critic: paced(script.critic),
      worker: (_request, n) => (n === 0 ? crash() : worker[n - 1]),
    },
    { clock: systemClock, prices: { inputPerMillion: 0.15, outputPerMillion: 0.6 } },
  );
}

/** A bug in somebody's client code, planted: the worker's first call throws what no type promised. */
function crash(): never {
  throw new TypeError("planted by the script: cannot read the message of undefined");
}
