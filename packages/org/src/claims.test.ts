import { describe, expect, test } from "vitest";
import { claimedWork } from "./claims.ts";
import type { ToolResult } from "./tool-box.ts";

const passing = { run: async () => ({ passed: true, observed: "" }) };
const deliverable = claimedWork([
  { id: "tests", statement: "tests pass", check: passing },
  { id: "style", statement: "style is kept", check: passing },
]);

let calls = 0;
function done(name: string, outcome = "ok", extra: Partial<ToolResult> = {}): ToolResult {
  return { callId: `call-${++calls}`, name, arguments: "{}", key: "k", ok: true, changes: false, outcome, ...extra };
}
const check = (criterion: string, outcome: string): ToolResult =>
  done("run_check", outcome, { arguments: JSON.stringify({ criterion }), changes: true });
const change = (): ToolResult => done("write_file", "ok", { changes: true });
const claim = (...passed: string[]): string => JSON.stringify({ summary: "done", passed });

describe("claimedWork", () => {
  test.each([
    { what: "nothing claimed, nothing done", json: claim(), results: [], kind: "value" },
    {
      what: "a check that passed after the last change",
      json: claim("tests"),
      results: [change(), check("tests", "passed\n")],
      kind: "value",
    },
    { what: "no check at all", json: claim("tests"), results: [change()], kind: "unfounded" },
    { what: "a check of another criterion", json: claim("tests"), results: [check("style", "passed\n")], kind: "unfounded" },
    { what: "a check that failed", json: claim("tests"), results: [check("tests", "FAILED\n")], kind: "unfounded" },
    {
      what: "a pass that a later failure belies",
      json: claim("tests"),
      results: [check("tests", "passed\n"), check("tests", "FAILED\n")],
      kind: "unfounded",
    },
    { what: "a change after the check", json: claim("tests"), results: [check("tests", "passed\n"), change()], kind: "unfounded" },
    { what: "looking after the check", json: claim("tests"), results: [check("tests", "passed\n"), done("read_file")], kind: "value" },
    {
      what: "one founded and one unfounded claim",
      json: claim("tests", "style"),
      results: [check("tests", "passed\n")],
      kind: "unfounded",
    },
    { what: "no JSON", json: "{", results: [], kind: "malformed" },
    { what: "no summary", json: '{"passed":[]}', results: [], kind: "malformed" },
    { what: "claims that are no list", json: '{"summary":"x","passed":"tests"}', results: [], kind: "malformed" },
    { what: "null", json: "null", results: [], kind: "malformed" },
  ])("$what: $kind", ({ json, results, kind }) => {
    expect(deliverable.read(json, results).kind).toBe(kind);
  });
});
