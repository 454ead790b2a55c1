import { describe, expect, test } from "vitest";
import { claimedWork } from "./claims.ts";
import { RunRecord } from "./run-record.ts";
import type { ToolResult } from "./tool-box.ts";

const deliverable = claimedWork([{ id: "tests" }, { id: "style" }]);
const record = new RunRecord();

let calls = 0;
function done(name: string, extra: Partial<ToolResult> = {}): ToolResult {
  const key = `/run/worker#${++calls}.0`;
  return { callId: key, name, arguments: "{}", key, ok: true, changes: false, outcome: "ok", ...extra };
}
/** A check that was executed, as the record shows it. */
function check(criterion: string, passed: boolean): ToolResult {
  const result = done("run_check");
  record.add({ kind: "check", key: result.key!, by: "/run/worker", criterion, passed, artefact: "1", observed: "" });
  return result;
}
const change = (): ToolResult => done("write_file", { changes: true });
const claim = (...passed: string[]): string =>
  JSON.stringify({ summary: "done", passed, unproven: ["tests", "style"].filter((id) => !passed.includes(id)) });
const raw = (passed: unknown, unproven?: unknown): string => JSON.stringify({ summary: "All tests pass.", passed, unproven });

describe("claimedWork", () => {
  test.each([
    { what: "everything unproven, nothing done", json: claim(), results: [], kind: "value" },
    { what: "a check that passed after the last change", json: claim("tests"), results: [change(), check("tests", true)], kind: "value" },
    { what: "no check at all", json: claim("tests"), results: [change()], kind: "unfounded" },
    { what: "a check of another criterion", json: claim("tests"), results: [check("style", true)], kind: "unfounded" },
    { what: "a check that failed", json: claim("tests"), results: [check("tests", false)], kind: "unfounded" },
    {
      what: "a result that says passed and is in no record",
      json: claim("tests"),
      results: [done("run_check", { arguments: '{"criterion":"tests"}', outcome: "passed" })],
      kind: "unfounded",
    },
    {
      what: "a pass that a later failure belies",
      json: claim("tests"),
      results: [check("tests", true), check("tests", false)],
      kind: "unfounded",
    },
    { what: "a change after the check", json: claim("tests"), results: [check("tests", true), change()], kind: "unfounded" },
    { what: "looking after the check", json: claim("tests"), results: [check("tests", true), done("read_file")], kind: "value" },
    { what: "one founded and one unfounded claim", json: claim("tests", "style"), results: [check("tests", true)], kind: "unfounded" },
    { what: "no JSON", json: "{", results: [], kind: "malformed" },
    { what: "no summary", json: '{"passed":[],"unproven":["tests","style"]}', results: [], kind: "malformed" },
    { what: "claims that are no list", json: raw("tests"), results: [], kind: "malformed" },
    { what: "null", json: "null", results: [], kind: "malformed" },
    { what: "a criterion that there is not", json: raw(["taste"], ["tests", "style"]), results: [], kind: "malformed" },
    { what: "a criterion in both lists", json: raw(["tests"], ["tests", "style"]), results: [check("tests", true)], kind: "malformed" },
  ])("$what: $kind", ({ json, results, kind }) => {
    expect(deliverable.read(json, { calls: results, record: record.view }).kind).toBe(kind);
  });

  test.each([
    { what: "an empty list", json: raw([]), missing: "tests, style" },
    { what: "one of two criteria", json: raw([], ["style"]), missing: "tests" },
  ])("does not take words for claims: $what with 'All tests pass.' beside is sent back", ({ json, missing }) => {
    expect(deliverable.read(json, { calls: [], record: record.view })).toEqual({
      kind: "malformed",
      problem: `name each criterion once, in passed or in unproven: ${missing}`,
    });
  });
});
