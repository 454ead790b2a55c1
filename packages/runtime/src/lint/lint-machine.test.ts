import { assign, createMachine, type AnyStateMachine } from "xstate";
import { describe, expect, test } from "vitest";
import { badMachines } from "./bad-machines.fixture.ts";
import { goodAgents } from "./good-agents.fixture.ts";
import { goodShapes } from "./good-shapes.fixture.ts";
import type { LintRule } from "./finding.ts";
import { lintMachine } from "./lint-machine.ts";
import { nearMisses } from "./near-misses.fixture.ts";

function summaryOf(machine: AnyStateMachine): readonly string[] {
  return lintMachine(machine).findings.map(({ severity, rule, state }) => `${severity} ${rule} ${state}`);
}

describe("lintMachine", () => {
  test.each([...goodAgents, ...goodShapes])("leaves alone $name", ({ machine, findings }) => {
    expect(summaryOf(machine)).toEqual(findings);
  });

  test.each(badMachines)("finds $name", ({ machine, findings }) => {
    expect(summaryOf(machine)).toEqual(findings);
  });

  test("has a bad machine for every rule", () => {
    const rules = new Set(badMachines.flatMap(({ findings }) => findings.map((finding) => finding.split(" ")[1])));
    const all: Record<LintRule, true> = {
      "cannot-finish": true,
      "dead-end": true,
      "final-goes-nowhere": true,
      "invoke-without-onError": true,
      "microstep-loop": true,
      "missing-action": true,
      "missing-actor": true,
      "missing-delay": true,
      "missing-guard": true,
      "no-final": true,
      "no-timeout": true,
      "spawn-without-id": true,
      "unbounded-loop": true,
      "undeclared-promise": true,
      "unknown-end": true,
      "unknown-initial": true,
      unreachable: true,
      "wildcard-swallows-errors": true,
    };
    expect(rules).toEqual(new Set(Object.keys(all)));
  });

  test.each(nearMisses)("does not take for $rule: $name", ({ machine }) => {
    expect(summaryOf(machine)).toEqual([]);
  });

  test("names in each message the state, in lower case, without a full stop", () => {
    for (const { machine } of badMachines)
      for (const { message, state } of lintMachine(machine).findings) {
        expect(message).toContain(`"${state}"`);
        expect(message).toMatch(/^["a-z].*[^.]$/);
      }
  });

  test("takes a deadline for a timeout of every wait, and for nothing else", () => {
    for (const { machine } of badMachines) {
      const open = lintMachine(machine).findings;
      expect(lintMachine(machine, { deadline: true }).findings).toEqual(open.filter(({ rule }) => rule !== "no-timeout"));
    }
  });

  test("counts errors and warnings, and names the machine and its ends", () => {
    const machine = createMachine({
      id: "counted",
      initial: "a",
      states: {
        a: { on: { X: "end", Y: "trap" } },
        trap: {},
        ghost: { after: { 9: "a" } },
        end: { type: "final" },
        other: { type: "final" },
      },
    });
    expect(lintMachine(machine)).toMatchObject({ machine: "counted", errors: 1, warnings: 3, finals: ["counted.end", "counted.other"] });
  });

  test("names the final states of the regions as the ends of a parallel machine", () => {
    const region = { initial: "x", states: { x: { after: { 9: "y" } }, y: { type: "final" } } } as const;
    expect(lintMachine(createMachine({ id: "m", type: "parallel", states: { a: region, b: region } })).finals).toEqual(["m.a.y", "m.b.y"]);
  });

  test("runs no code of the machine", () => {
    const explode = (): never => {
      throw new Error("ran");
    };
    const machine = createMachine({
      context: explode,
      entry: [explode, assign(explode)],
      initial: "a",
      states: {
        a: { always: { guard: explode, target: "end" }, after: { 9: { target: "end", actions: explode } } },
        end: { type: "final" },
      },
    });
    expect(summaryOf(machine)).toEqual([]);
  });

  test("is not overrun by a long chain or a deep nest", () => {
    const chain: Record<string, object> = { end: { type: "final" } };
    for (let i = 0; i < 5_000; i++) chain[`s${i}`] = { after: { 9: i === 4_999 ? "end" : `s${i + 1}` } };
    expect(summaryOf(createMachine({ initial: "s0", states: chain }))).toEqual([]);
    let nest: object = { after: { 9: "#end" } };
    for (let i = 0; i < 500; i++) nest = { initial: "in", states: { in: nest } };
    expect(summaryOf(createMachine({ initial: "top", states: { top: nest, end: { id: "end", type: "final" } } }))).toEqual([]);
  });

  test("tells two states of the same id apart", () => {
    const machine = createMachine({
      initial: "a",
      states: { a: { id: "twin", after: { 9: "b" } }, b: { id: "twin", after: { 9: "end" } }, end: { type: "final" } },
    });
    expect(summaryOf(machine)).toEqual([]);
  });
});
