import { describe, expect, test } from "vitest";
import { describeExit, failureOf, isQuiet, killedExit, shutdownExit, type Exit } from "./exit.ts";
import type { Failure } from "./failure.ts";

const failure: Failure = { class: "timeout", kind: "start", name: "StartTimeout", message: "too slow", address: "/a" };

describe.each([
  { exit: { kind: "normal" }, quiet: true, behind: undefined, text: "normal" },
  { exit: { kind: "normal", state: "done", output: 7 }, quiet: true, behind: undefined, text: "normal (done)" },
  { exit: shutdownExit, quiet: true, behind: undefined, text: "shutdown" },
  { exit: killedExit, quiet: false, behind: expect.objectContaining({ class: "crash", kind: "killed" }), text: "killed" },
  { exit: { kind: "failure", failure }, quiet: false, behind: failure, text: "timeout/start at /a: too slow" },
  { exit: { kind: "escalated", failure }, quiet: false, behind: failure, text: "escalated: timeout/start at /a: too slow" },
] as const satisfies readonly { exit: Exit; [fact: string]: unknown }[])("the exit '$text'", ({ exit, quiet, behind, text }) => {
  test(`is ${quiet ? "quiet" : "abnormal"}`, () => {
    expect(isQuiet(exit)).toBe(quiet);
  });

  test(`has ${quiet ? "no failure" : "a failure"} behind it`, () => {
    expect(failureOf(exit)).toEqual(behind);
  });

  test("is one line for people", () => {
    expect(describeExit(exit)).toBe(text);
  });
});
