import { describe, expect, test } from "vitest";
import { checkChildSpec, withoutInput, type ChildSpec, type ShutdownMs } from "./child-spec.ts";
import { SpecError } from "../errors.ts";

const logic = {};
const fields = "id, logic, input, restart, shutdownMs, startMs, significant, onFailure, backoff, budget, mailbox, recipients";

/** The message of the `SpecError` that this spec is refused with, if any. */
function problemOf(spec: unknown, type: "worker" | "supervisor" = "worker"): string | undefined {
  try {
    checkChildSpec(spec as ChildSpec, "child", type);
    return undefined;
  } catch (error) {
    if (error instanceof SpecError) return error.message;
    throw error;
  }
}

describe("checkChildSpec", () => {
  test("fills in the defaults of a worker", () => {
    expect(checkChildSpec({ id: "w", logic }, "child")).toEqual({
      id: "w",
      logic,
      input: undefined,
      type: "worker",
      restart: "permanent",
      shutdownMs: 5_000,
      startMs: 30_000,
      significant: false,
      onFailure: {},
      backoff: undefined,
      budget: undefined,
      mailbox: 1_000,
      recipients: undefined,
    });
  });

  test("gives a supervisor all the time it needs, since its children have limits of their own", () => {
    expect(checkChildSpec({ id: "s", logic }, "child", "supervisor")).toMatchObject({
      type: "supervisor",
      shutdownMs: "infinity",
      startMs: "infinity",
    });
  });

  test.each([
    { given: 3, problem: `child: an object { ${fields} }, not 3` },
    { given: null, problem: `child: an object { ${fields} }, not null` },
    { given: { logic }, problem: "child.id: missing" },
    { given: { id: 3, logic }, problem: "child.id: a text, not 3" },
    { given: { id: 3n, logic }, problem: "child.id: a text, not 3" },
    { given: { id: Object.create(null) as object, logic }, problem: "child.id: a text, not an object" },
    {
      given: { id: "a/b", logic },
      problem:
        'child.id: "a/b" is not an address: an id is made of letters, digits, _ and - only, and may end with a label of up to 32 of them, as worker~gpu',
    },
    { given: { id: "", logic }, problem: 'child.id: "" is not an address: an id must not be empty' },
    { given: { id: "w" }, problem: "child.logic: missing: give a machine, a plain function or a supervisor" },
    {
      given: { id: "w", logic, restart: "prettymuch" },
      problem: 'child.restart: one of permanent, transient, temporary, not "prettymuch"',
    },
    { given: { id: "w", logic, restart: 3n }, problem: "child.restart: one of permanent, transient, temporary, not 3" },
    {
      given: { id: "w", logic, shutdownMs: -1 },
      problem: 'child.shutdownMs: milliseconds of at least 0, "infinity" or "brutal-kill", not -1',
    },
    {
      given: { id: "w", logic, shutdownMs: Infinity },
      problem: 'child.shutdownMs: milliseconds of at least 0, "infinity" or "brutal-kill", not Infinity',
    },
    {
      given: { id: "w", logic, shutdownMs: Number.NaN },
      problem: 'child.shutdownMs: milliseconds of at least 0, "infinity" or "brutal-kill", not NaN',
    },
    {
      given: { id: "w", logic, shutdownMs: "brutal_kill" },
      problem: 'child.shutdownMs: milliseconds of at least 0, "infinity" or "brutal-kill", not "brutal_kill"',
    },
    { given: { id: "w", logic, startMs: 0 }, problem: "child.startMs: more than 0, not 0" },
    { given: { id: "w", logic, startMs: "soon" }, problem: 'child.startMs: more than 0, not "soon"' },
    { given: { id: "w", logic, significant: "yes" }, problem: 'child.significant: true or false, not "yes"' },
    {
      given: { id: "w", logic, significant: true },
      problem: "child.significant: a permanent child cannot be significant: it never ends for good",
    },
    { given: { id: "w", logic, mailbox: 0 }, problem: "child.mailbox: an integer of at least 1, not 0" },
    { given: { id: "w", logic, mailbox: 1.5 }, problem: "child.mailbox: an integer of at least 1, not 1.5" },
    {
      given: { id: "w", logic, backoff: 3 },
      problem: "child.backoff: an object { minMs, maxMs, factor, jitter, resetAfterMs }, not 3",
    },
    { given: { id: "w", logic, backoff: { minMs: -1 } }, problem: "child.backoff.minMs: a number of at least 0, not -1" },
    { given: { id: "w", logic, backoff: { minMs: 10, maxMs: 9 } }, problem: "child.backoff.maxMs: at least minMs (10), not 9" },
    { given: { id: "w", logic, backoff: { factor: 0.5 } }, problem: "child.backoff.factor: a number of at least 1, not 0.5" },
    { given: { id: "w", logic, backoff: { jitter: 2 } }, problem: "child.backoff.jitter: between 0 and 1, not 2" },
    { given: { id: "w", logic, backoff: { resetAfterMs: "x" } }, problem: 'child.backoff.resetAfterMs: a number of at least 0, not "x"' },
    {
      given: { id: "w", logic, onFailure: "restart" },
      problem: 'child.onFailure: answers are an object { class: directive }, not "restart"',
    },
    {
      given: { id: "w", logic, onFailure: { crash: "retry" } },
      problem: 'child.onFailure.crash[0]: a directive is one of resume, restart, rollback, replan, stop, escalate, not "retry"',
    },
    {
      given: { id: "w", logic, onFailure: { crash: [] } },
      problem: "child.onFailure.crash: an empty ladder answers nothing; leave the key out for the default",
    },
    {
      given: { id: "w", logic, onFailure: { crash: null } },
      problem: "child.onFailure.crash[0]: an object { directive, intensity, to }, not null",
    },
    {
      given: { id: "w", logic, onFailure: { crash: [{ directive: "resume" }, { directive: "stop" }] } },
      problem: "child.onFailure.crash[0]: every rung but the last needs an intensity, or the rungs above it are never reached",
    },
    {
      given: { id: "w", logic, onFailure: { crash: { directive: "restart", intensity: { maxRestarts: 1.5, periodMs: 1 } } } },
      problem: "child.onFailure.crash[0].intensity.maxRestarts: an integer of at least 0, not 1.5",
    },
  ])("refuses $given: $problem", ({ given, problem }) => {
    expect(problemOf(given)).toBe(problem);
  });

  test("names the classes when a failure class does not exist", () => {
    expect(problemOf({ id: "w", logic, onFailure: { crashed: "stop" } })).toMatch(
      /^child\.onFailure\.crashed: no such failure class; one of crash, timeout, /u,
    );
  });

  test.each([
    { given: { restrt: "permanent" }, problem: "child.restrt: there is no such field; did you mean restart?" },
    { given: { backoff: { minMS: 5 } }, problem: "child.backoff.minMS: there is no such field; did you mean minMs?" },
    { given: { budget: { token: 5 } }, problem: "child.budget.token: there is no such field; did you mean tokens?" },
    {
      given: { onFailure: { crash: { directive: "restart", intensty: { maxRestarts: 1, periodMs: 1 } } } },
      problem: "child.onFailure.crash[0].intensty: there is no such field; did you mean intensity?",
    },
  ])("refuses fields that it does not know, and says which was meant: $problem", ({ given, problem }) => {
    expect(problemOf({ id: "w", logic, ...given })).toContain(problem);
  });

  const restarts = ["permanent", "transient", "temporary"] as const;
  const shutdowns: readonly (ShutdownMs | undefined)[] = [undefined, 0, 10, "infinity", "brutal-kill"];
  test.each(
    ["worker" as const, "supervisor" as const].flatMap((type) =>
      restarts.flatMap((restart) =>
        shutdowns.flatMap((shutdownMs) => [undefined, false, true].map((significant) => ({ type, restart, shutdownMs, significant }))),
      ),
    ),
  )("$type, $restart, shutdown $shutdownMs, significant $significant", ({ type, restart, shutdownMs, significant }) => {
    const problem = problemOf({ id: "w", logic, restart, shutdownMs, significant }, type);
    if (significant === true && restart === "permanent") expect(problem).toMatch(/^child\.significant: a permanent child/u);
    else expect(problem).toBeUndefined();
  });
});

describe("withoutInput", () => {
  test("drops the input and nothing else", () => {
    const spec = checkChildSpec({ id: "w", logic, input: "large", restart: "temporary" }, "child");
    expect(withoutInput(spec)).toEqual({ ...spec, input: undefined });
  });

  test("gives a spec without input back as it is", () => {
    const spec = checkChildSpec({ id: "w", logic }, "child");
    expect(withoutInput(spec)).toBe(spec);
  });
});
