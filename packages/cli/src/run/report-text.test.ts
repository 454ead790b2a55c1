import type { Failure, RunReport, SupervisorReport } from "orgtree";
import { describe, expect, test } from "vitest";

import { describeTrouble, reportLines } from "./report-text.ts";
import { lineText } from "../text/styled-line.ts";

const nothing = { modelCalls: 0, toolCalls: 0, tokens: 0, usd: 0, restarts: 0, failures: [] };
const calm: RunReport = {
  agents: [
    { ...nothing, name: "planner", address: "/bugfix/planner", modelCalls: 3, toolCalls: 2, tokens: 5_641, usd: 0.00088 },
    { ...nothing, name: "verifier", address: "/bugfix/verifier" },
  ],
  decisions: [],
  verdicts: [],
  alarms: [],
  deadLetters: {},
  tokens: 5_641,
  usd: 0.00088,
  unpriced: [],
  wallMs: 2_100,
};

const loop: Failure = {
  class: "loop",
  name: "FailedEnd",
  message: 'it ended in looping: read_file({"path":"src/tides.js"}) 4 times in a row with the same outcome',
};
const refusal: Failure = { class: "model-error", kind: "refusal", name: "ModelError", message: "no", address: "/bugfix/worker" };

function decision(failure: Failure, part: Partial<SupervisorReport> = {}): SupervisorReport {
  return {
    supervisor: "/bugfix",
    context: "child-terminated",
    child: "worker",
    exit: { kind: "failure", failure },
    chain: [failure],
    decision: "restart",
    ...part,
  };
}

const verdict = { by: "/bugfix/verifier", artefact: "a", reason: "" } as const;
const check = { criterion: "check", key: "k", by: "/bugfix/verifier", artefact: "a" } as const;
const eventful: RunReport = {
  ...calm,
  decisions: [
    decision(loop),
    decision(refusal, { decision: "escalate (step 2)", directive: "escalate", step: { number: 2, of: 2 } }),
    decision(refusal, { context: "auto-shutdown", chain: [] }),
  ],
  agents: [
    ...calm.agents,
    {
      ...nothing,
      name: "worker",
      address: "/bugfix/worker",
      failures: [{ ...loop, message: "it ended in looping: read_file 4 times in a row" }],
    },
  ],
  verdicts: [
    { ...verdict, accepted: false, evidence: [{ ...check, passed: false, observed: "exit code 1" }] },
    { ...verdict, accepted: true, evidence: [{ ...check, passed: true, observed: "" }] },
  ],
  alarms: [
    { kind: "alarm", level: "yellow", by: "/bugfix/worker", what: "read_file 2 times with the same outcome" },
    { kind: "alarm", level: "yellow", by: "/bugfix/worker", what: "read_file 3 times with the same outcome" },
    { kind: "alarm", level: "red", by: "/bugfix/worker", what: "read_file 4 times in a row" },
    { kind: "alarm", level: "red", by: "/bugfix/verifier", what: "the desk is on fire" },
  ],
  deadLetters: { "late-reply": 1, stopped: 2 },
};

const text = (report: RunReport, columns: number): string =>
  reportLines(report, columns)
    .map((line) => lineText(line).trimEnd())
    .join("\n");

describe("reportLines", () => {
  test("of a calm run", () => {
    expect(text(calm, 100)).toMatchInlineSnapshot(`
      "agent     model calls  tool calls  tokens     cost  restarts
      planner             3           2   5,641  $0.0009         ·
      verifier            ·           ·       ·        ·         ·
      total               3           2   5,641  $0.0009         ·

      nothing failed"
    `);
  });

  test("of an eventful run says what failed, what was decided, the verdicts, what was lost", () => {
    expect(text(eventful, 120)).toMatchInlineSnapshot(`
      "agent     model calls  tool calls  tokens     cost  restarts
      planner             3           2   5,641  $0.0009         ·
      verifier            ·           ·       ·        ·         ·
      worker              ·           ·       ·        ·         ·
      total               3           2   5,641  $0.0009         ·

      what happened, and what was decided
      ! worker    warning              read_file 3 times with the same outcome                        → was told
      ! verifier  alarm                the desk is on fire
      ✗ worker    loop                 read_file({"path":"src/tides.js"}) 4 times in a row with the…  → restart
      ✗ worker    model-error/refusal  no                                                             → escalate (last resort)
      ✗ verifier  refused              check failed (exit code 1)                                     → held back
      ✔ verifier  accepted             1 check executed and passed                                    → passed

      messages that nobody took: 1 (late-reply), 2 (stopped)"
    `);
  });

  test("says that dollars are not counted where no prices are known", () => {
    expect(text({ ...calm, unpriced: ["tiny"] }, 100)).toMatch(/\n\ndollars are not counted: no prices known for tiny$/);
  });

  test("counts rows that say the same", () => {
    const often = { ...calm, decisions: [decision(loop), decision(refusal), decision(loop), decision(loop)] };
    expect(text(often, 120)).toContain("→ restart (×3)\n✗ worker  model-error/refusal");
  });

  test("tells which step of a ladder it was, and only of the last that it was the last", () => {
    const onStep = (number: number) =>
      text({ ...calm, decisions: [decision(loop, { directive: "restart", step: { number, of: 3 } })] }, 120);
    expect([1, 2, 3, 4].map((number) => /→ (.*)/.exec(onStep(number))?.[1])).toEqual([
      "restart",
      "restart (step 2 of 3)",
      "restart (last resort)",
      "restart (last resort)",
    ]);
  });

  test("clips reasons in a narrow window, never decisions", () => {
    const lines = text(eventful, 80).split("\n");
    expect(lines.find((line) => line.includes("loop"))).toMatch(/^✗ worker {4}loop +read_file\(.*… {2}→ restart$/);
    expect(lines.find((line) => line.includes("escalate"))).toMatch(/→ escalate \(last resort\)$/);
  });
});

describe("describeTrouble", () => {
  test("counts what was answered and what was held back", () => {
    expect(describeTrouble(calm)).toBe("");
    expect(describeTrouble(eventful)).toBe("2 failures answered, 1 piece of work held back");
  });
});
