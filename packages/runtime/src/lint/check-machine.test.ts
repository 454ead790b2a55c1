import { ExpectedError } from "@orgtree/core";
import { createMachine, type AnyStateMachine } from "xstate";
import { describe, expect, test } from "vitest";
import { badMachines } from "./bad-machines.fixture.ts";
import { checkMachine } from "./check-machine.ts";
import { goodAgents } from "./good-agents.fixture.ts";
import { MachineLintError } from "./lint-error.ts";

function refusalOf(machine: AnyStateMachine): MachineLintError {
  try {
    checkMachine(machine);
  } catch (error) {
    if (error instanceof MachineLintError) return error;
    throw error;
  }
  throw new Error("was not refused");
}

const trap = createMachine({
  id: "m",
  initial: "a",
  states: { a: { on: { X: "trap" }, after: { 9: "end" } }, trap: { entry: "lost" }, end: { type: "final" } },
});

describe("checkMachine", () => {
  test("says nothing of warnings", () => {
    for (const { machine } of goodAgents) expect(() => checkMachine(machine)).not.toThrow();
  });

  test("refuses a machine exactly when it has errors", () => {
    for (const { machine, findings } of badMachines) {
      const isRefused = findings.some((finding) => finding.startsWith("error"));
      if (isRefused) expect(() => checkMachine(machine)).toThrow(MachineLintError);
      else expect(() => checkMachine(machine)).not.toThrow();
    }
  });

  test("refuses again when asked again", () => {
    expect(refusalOf(trap).findings).toEqual(refusalOf(trap).findings);
  });
});

describe("MachineLintError", () => {
  test("names the machine, and rule, state and reason of each error", () => {
    const error = refusalOf(trap);
    expect(error).toBeInstanceOf(ExpectedError);
    expect(error).toMatchObject({ name: "MachineLintError", machine: "m", retryable: false, failureClass: "crash" });
    expect(error.message).toMatchInlineSnapshot(`
      "machine "m" is refused, 2 errors:
        dead-end: "m.trap" has no way out: add a transition or an after that leads on, or make it final
        missing-action: "m.trap" names "lost", which is not implemented among the actions: it would be skipped silently; provide it"
    `);
  });

  test("keeps every error as data, and no warning", () => {
    const { detail } = refusalOf(trap);
    expect(detail["machine"]).toBe("m");
    expect(detail["findings"]).toMatchObject([
      { rule: "dead-end", severity: "error", state: "m.trap" },
      { rule: "missing-action", severity: "error", state: "m.trap" },
    ]);
  });

  test("spells out ten errors and counts the rest", () => {
    const states: Record<string, object> = { a: { after: { 9: "end" }, on: {} }, end: { type: "final" } };
    const on: Record<string, string> = {};
    for (let i = 0; i < 12; i++) {
      states[`trap${i}`] = {};
      on[`X${i}`] = `trap${i}`;
    }
    states["a"] = { after: { 9: "end" }, on };
    const error = refusalOf(createMachine({ id: "m", initial: "a", states }));
    expect(error.findings).toHaveLength(12);
    expect(error.message.split("\n")).toHaveLength(12);
    expect(error.message).toMatch(/12 errors:\n[\s\S]*\n {2}and 2 more$/);
  });
});
