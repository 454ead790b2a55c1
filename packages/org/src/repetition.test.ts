import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { alternationAfter, canonicalArguments, findRepetition, loopAfter, nudgeAfter, type Action } from "./repetition.ts";

const action = (name: string, outcome = "same", args = "{}"): Action => ({ name, arguments: args, outcome });
const times = (count: number, each: Action): Action[] => Array.from({ length: count }, () => each);

describe("findRepetition", () => {
  test.each([
    { what: "nothing done", actions: [], verdict: "none" },
    { what: "one action", actions: [action("read")], verdict: "none" },
    { what: "two different actions", actions: [action("read"), action("write")], verdict: "none" },
    { what: "the same twice", actions: times(nudgeAfter, action("read")), verdict: "nudge" },
    { what: "the same as often as a loop", actions: times(loopAfter, action("read")), verdict: "loop" },
    {
      what: "A-B-A-B-A-B",
      actions: Array.from({ length: alternationAfter }, (_, at) => action(at % 2 === 0 ? "a" : "b")),
      verdict: "loop",
    },
    { what: "a loop that was left", actions: [...times(loopAfter, action("read")), action("write")], verdict: "none" },
  ])("$what: $verdict", ({ actions, verdict }) => {
    expect(findRepetition(actions).kind).toBe(verdict);
  });

  test.each([
    {
      what: "polling whose outcome changes",
      actions: ["1 of 9", "2 of 9", "3 of 9", "4 of 9", "5 of 9"].map((outcome) => action("poll", outcome)),
    },
    { what: "one tool over many files", actions: ["a", "b", "c", "d", "e"].map((path) => action("read", "empty", path)) },
    {
      what: "check, mend, check, mend, with new outcomes",
      actions: [1, 2, 3, 4, 5, 6].map((at) => action(at % 2 ? "check" : "mend", `outcome ${at}`)),
    },
  ])("$what is no repetition", ({ actions }) => {
    expect(findRepetition(actions)).toEqual({ kind: "none" });
  });

  test("takes outcomes that differ only in how long they took for the same", () => {
    const actions = [12, 13, 14.5, 20].map((ms) => action("run_check", `FAILED\n✖ a test (${ms}ms)\nduration_ms ${ms}`));
    expect(findRepetition(actions).kind).toBe("loop");
  });

  test("never calls a loop what was done less often than that", () => {
    const actions = fc.array(
      fc.record({ name: fc.constantFrom("a", "b"), arguments: fc.constantFrom("1", "2"), outcome: fc.constantFrom("x", "y") }),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(actions, (done) => {
        const last = done.at(-1);
        const count = done.filter(
          (each) => each.name === last?.name && each.arguments === last.arguments && each.outcome === last.outcome,
        ).length;
        if (count < loopAfter - 1) expect(findRepetition(done).kind).not.toBe("loop");
      }),
    );
  });
});

describe("canonicalArguments", () => {
  test("does not care for the order of keys, at any depth", () => {
    expect(canonicalArguments('{"b":1,"a":{"d":[{"y":1,"x":2}],"c":2}}')).toBe(
      canonicalArguments('{ "a": {"c":2, "d":[{"x":2,"y":1}]}, "b": 1 }'),
    );
  });

  test("takes text that is no JSON as it is", () => {
    expect(canonicalArguments('{"a":')).toBe('{"a":');
  });
});
