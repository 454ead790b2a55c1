import { describe, expect, test } from "vitest";
import { SpecError } from "../errors.ts";
import { checkChildOf, checkSupervisorSpec, type SupervisorSpec } from "./supervisor-spec.ts";

const worker = { is: "worker" };
const typeOf = (logic: unknown): "worker" | "supervisor" => (logic === worker ? "worker" : "supervisor");
const child = { id: "w", logic: worker };

function problemOf(spec: unknown): string | undefined {
  try {
    checkSupervisorSpec(spec as SupervisorSpec, "spec", typeOf);
    return undefined;
  } catch (error) {
    if (error instanceof SpecError) return error.message;
    throw error;
  }
}

describe("checkSupervisorSpec", () => {
  test("fills in OTP's defaults, in milliseconds", () => {
    expect(checkSupervisorSpec({}, "spec", typeOf)).toEqual({
      strategy: "one-for-one",
      intensity: { maxRestarts: 1, periodMs: 5_000 },
      rollbackIntensity: { maxRestarts: 10, periodMs: 60_000 },
      autoShutdown: "never",
      children: [],
      template: undefined,
      maxChildren: 100_000,
    });
  });

  test.each([
    {
      given: "one-for-all",
      problem:
        'spec: an object { strategy, intensity, rollbackIntensity, autoShutdown, children, plan, template, maxChildren }, not "one-for-all"',
    },
    {
      given: { strategy: "one_for_none" },
      problem: 'spec.strategy: one of one-for-one, one-for-all, rest-for-one, dynamic, not "one_for_none"',
    },
    { given: { intensity: 3 }, problem: "spec.intensity: an object { maxRestarts, periodMs }, not 3" },
    { given: { intensity: { maxRestarts: -1, periodMs: 1 } }, problem: "spec.intensity.maxRestarts: an integer of at least 0, not -1" },
    {
      given: { intensity: { maxRestarts: Infinity, periodMs: 1 } },
      problem: "spec.intensity.maxRestarts: an integer of at least 0, not Infinity",
    },
    { given: { intensity: { maxRestarts: 1, periodMs: 0 } }, problem: "spec.intensity.periodMs: more than 0, not 0" },
    { given: { intensity: { maxRestarts: 1, periodMs: Infinity } }, problem: "spec.intensity.periodMs: more than 0, not Infinity" },
    { given: { autoShutdown: "sometimes" }, problem: 'spec.autoShutdown: one of never, any-significant, all-significant, not "sometimes"' },
    {
      given: { strategy: "dynamic", autoShutdown: "any-significant" },
      problem: "spec.autoShutdown: a dynamic supervisor has no significant children",
    },
    {
      given: { strategy: "dynamic", autoShutdown: "all-significant" },
      problem: "spec.autoShutdown: a dynamic supervisor has no significant children",
    },
    { given: { strategy: "dynamic", children: [child] }, problem: "spec.children: a dynamic supervisor starts empty; use startChild" },
    {
      given: { strategy: "dynamic", template: {} },
      problem: "spec.template.logic: missing: give a machine, a plain function or a supervisor",
    },
    {
      given: { strategy: "dynamic", template: { logic: worker, mailbox: 0 } },
      problem: "spec.template.mailbox: an integer of at least 1, not 0",
    },
    { given: { template: { logic: worker } }, problem: "spec.template: only a dynamic supervisor has a template" },
    { given: { children: child }, problem: "spec.children: a list of child specs" },
    {
      given: { children: [child, null] },
      problem:
        "spec.children[1]: an object { id, logic, input, restart, shutdownMs, startMs, significant, onFailure, backoff, budget, mailbox, recipients }, not null",
    },
    { given: { children: [child, { logic: worker }] }, problem: "spec.children[1].id: missing" },
    { given: { children: [child, child] }, problem: 'spec.children: two children have the id "w"' },
    { given: { maxChildren: 0 }, problem: "spec.maxChildren: an integer of at least 1, not 0" },
    { given: { maxChildren: 1, children: [child, { ...child, id: "v" }] }, problem: "spec.children: 2 children, but maxChildren is 1" },
  ])("refuses $given: $problem", ({ given, problem }) => {
    expect(problemOf(given)).toBe(problem);
  });

  test("refuses fields that it does not know, and says which was meant", () => {
    expect(problemOf({ stratgy: "dynamic" })).toContain("stratgy: there is no such field; did you mean strategy?");
  });
});

describe("checkChildOf", () => {
  const strategies = ["one-for-one", "one-for-all", "rest-for-one", "dynamic"] as const;
  const modes = ["never", "any-significant", "all-significant"] as const;
  const restarts = ["permanent", "transient", "temporary"] as const;

  test.each(
    strategies.flatMap((strategy) => modes.flatMap((autoShutdown) => restarts.map((restart) => ({ strategy, autoShutdown, restart })))),
  )(
    "a significant $restart child of a $strategy supervisor with auto-shutdown $autoShutdown is taken only where it can mean something",
    ({ strategy, autoShutdown, restart }) => {
      const means = restart !== "permanent" && strategy !== "dynamic" && autoShutdown !== "never";
      const check = (): unknown =>
        checkChildOf({ strategy, autoShutdown }, { ...child, restart, significant: true }, { field: "child", typeOf });
      if (means) expect(check()).toMatchObject({ significant: true });
      else expect(check).toThrow(SpecError);
    },
  );

  test("tells a supervisor from a worker by its logic", () => {
    const flags = { strategy: "one-for-one", autoShutdown: "never" } as const;
    expect(checkChildOf(flags, child, { field: "child", typeOf }).type).toBe("worker");
    expect(checkChildOf(flags, { id: "s", logic: {} }, { field: "child", typeOf }).type).toBe("supervisor");
  });
});
