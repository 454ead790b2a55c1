/**
 * What OTP lacks: answers by failure class. The cases are Pekko's (SupervisionSpec) where it has them.
 */
import { failureClasses, type FailureClass, type OnFailure } from "@orgtree/core";
import { supervisor } from "@orgtree/runtime";
import { describe, expect, test } from "vitest";
import { startTree } from "../support/start-tree.ts";
import { count, die, fail, worker, workerOnce, workerWith } from "../support/workers.ts";
import { wide } from "./restart-settings.ts";

describe("resume", () => {
  test("keeps state and mailbox; the message that failed is a dead letter", async () => {
    await using tree = await startTree({ children: [{ id: "a", onFailure: { crash: "resume" }, logic: worker }] });
    await tree.order(["a", count(1)], ["a", die], ["a", count(2)], ["a", die], ["a", count(3)]);
    expect(await tree.ask("a")).toEqual({ incarnation: 1, counted: [1, 2, 3] });
    expect(tree.trace.lives()).toEqual([]);
    expect(tree.trace.contexts()).toEqual(["directive a", "directive a"]);
    expect(tree.branch.deadLetters.counts()).toEqual({ failed: 2 });
  });

  test("costs no restart", async () => {
    await using tree = await startTree({
      intensity: { maxRestarts: 0, periodMs: 1_000 },
      children: [{ id: "a", onFailure: { crash: "resume" }, logic: worker }],
    });
    for (let round = 0; round < 10; round++) await tree.order(["a", die]);
    expect(tree.exit).toBeUndefined();
  });

  test("of a child that was stopped while it waited for the answer comes to nothing", async () => {
    const children = [
      { id: "a", onFailure: { crash: "resume" as const }, logic: worker },
      { id: "b", logic: worker },
    ];
    await using tree = await startTree({ strategy: "one-for-all", intensity: wide, children });
    const starting = tree.sup.startChild({
      id: "c",
      logic: workerWith({ init: () => new Promise((resolve) => void tree.clock.setTimer(100, () => resolve([]))) }),
    });
    await tree.order(["b", die], ["a", die]);
    expect(tree.system.tree().children[0]!.children[0]).toMatchObject({ address: "/sup/a", status: "suspended" });
    await tree.clock.advance(200);
    await starting;
    expect(tree.trace.lives()).toEqual(["-b failure", "+c", "-c shutdown", "-a failure", "+a", "+b", "+c"]);
    expect(tree.trace.contexts()).toEqual(["child-terminated b", "shutdown-error a"]);
    await tree.order(["a", count(1)]);
    expect(await tree.ask("a")).toEqual({ incarnation: 2, counted: [1] });
  });
});

describe("answers by failure class", () => {
  const answers: OnFailure = {
    "model-error": [
      { directive: "resume", intensity: { maxRestarts: 2, periodMs: 1_000 } },
      { directive: "restart", intensity: { maxRestarts: 1, periodMs: 1_000 } },
      { directive: "stop" },
    ],
    "model-error/refusal": "stop",
    "tool-error": "restart",
    overload: "escalate",
  };

  test.each([
    { order: fail("model-error", "rate-limit"), lives: [] },
    { order: fail("model-error", "refusal"), lives: ["-a failure"] },
    { order: fail("tool-error"), lives: ["-a failure", "+a"] },
    { order: fail("overload"), lives: ["-a failure", "-sup escalated"] },
    { order: fail("budget-exhausted", "tokens"), lives: ["-a failure", "-sup escalated"] },
    { order: die, lives: ["-a failure", "+a"] },
  ])("nested strategies by error class: $order gives $lives", async ({ order, lives }) => {
    await using tree = await startTree({ intensity: wide, children: [{ id: "a", onFailure: answers, logic: worker }] });
    await tree.order(["a", order]);
    expect(tree.trace.lives()).toEqual(lives);
  });

  test("a ladder is climbed rung by rung, and a quiet time leads back down", async () => {
    await using tree = await startTree({ intensity: wide, children: [{ id: "a", onFailure: answers, logic: worker }] });
    const climb = async (): Promise<readonly string[]> => {
      await tree.order(["a", fail("model-error", "rate-limit")]);
      return tree.trace.reports().map(({ decision, step }) => `${decision}, ${step?.number} of ${step?.of}`);
    };
    expect(await climb()).toEqual(["resume, 1 of 3"]);
    expect(await climb()).toEqual(["resume, 1 of 3"]);
    expect(await climb()).toEqual(["restart (step 2), 2 of 3"]);
    await tree.clock.advance(1_001);
    expect(await climb()).toEqual(["resume, 1 of 3"]);
    expect(await climb()).toEqual(["resume, 1 of 3"]);
    expect(await climb()).toEqual(["restart (step 2), 2 of 3"]);
    expect(await climb()).toEqual(["stop (step 3), 3 of 3"]);
    expect(await tree.list()).toEqual(["a stopped"]);
  });

  test("a ladder that is used up escalates, whatever the supervisor's own intensity still grants", async () => {
    const onFailure: OnFailure = { crash: { directive: "restart", intensity: { maxRestarts: 1, periodMs: 1_000 } } };
    await using tree = await startTree({ intensity: wide, children: [{ id: "a", onFailure, logic: worker }] });
    await tree.order(["a", die], ["a", die]);
    expect(tree.exit).toMatchObject({ kind: "escalated" });
  });

  test("a start that fails climbs the ladder as well", async () => {
    const onFailure: OnFailure = {
      crash: [{ directive: "restart", intensity: { maxRestarts: 2, periodMs: 1_000 } }, { directive: "stop" }],
    };
    await using tree = await startTree({
      intensity: wide,
      children: [
        { id: "a", onFailure, logic: workerOnce() },
        { id: "b", logic: worker },
      ],
    });
    await tree.order(["a", die]);
    expect(tree.trace.lives()).toEqual(["-a failure", "!a failure", "!a failure"]);
    expect(await tree.list()).toEqual(["b running", "a stopped"]);
  });

  test("a start that fails escalates when its ladder says so", async () => {
    await using tree = await startTree({
      intensity: wide,
      children: [{ id: "a", onFailure: { loop: "restart", crash: "escalate" }, logic: workerOnce() }],
    });
    await tree.order(["a", fail("loop")]);
    expect(tree.trace.lives()).toEqual(["-a failure", "!a failure", "-sup escalated"]);
    expect(tree.exit).toMatchObject({ failure: { class: "crash", cause: { message: "/sup/a does not start" } } });
  });

  test("a temporary child is asked only for the answers that its spec names", async () => {
    await using tree = await startTree({
      intensity: wide,
      children: [
        { id: "a", restart: "temporary", logic: worker },
        { id: "b", restart: "temporary", onFailure: { unanswered: "escalate" }, logic: worker },
      ],
    });
    await tree.order(["a", fail("unanswered")]);
    expect(await tree.list()).toEqual(["b running"]);
    await tree.order(["b", fail("unanswered")]);
    expect(tree.exit).toMatchObject({ kind: "escalated" });
  });

  const escalating = new Set<FailureClass>(["budget-exhausted", "unknown-outcome", "unanswered"]);
  test.each(failureClasses)("without an answer in the spec, %s restarts, unless a fresh start cannot mend it", async (failureClass) => {
    await using tree = await startTree({ intensity: wide, children: [{ id: "a", logic: worker }] });
    await tree.order(["a", fail(failureClass)]);
    expect(tree.exit !== undefined).toBe(escalating.has(failureClass));
  });

  test("a sub-supervisor that gives up is answered by the class of the leaf", async () => {
    const team = supervisor({ intensity: { maxRestarts: 0, periodMs: 1 }, children: [{ id: "x", logic: worker }] });
    await using tree = await startTree({ intensity: wide, children: [{ id: "team", onFailure: { "tool-error": "stop" }, logic: team }] });
    await tree.order(["team/x", die]);
    expect(await tree.list()).toEqual(["team running"]);
    await tree.order(["team/x", fail("tool-error")]);
    expect(await tree.list()).toEqual(["team stopped"]);
  });
});
