/**
 * What a supervisor says of its decisions, to the log and to whoever observes: OTP's rule 47.
 */
import { maxCauseDepth } from "@orgtree/core";
import { supervisor } from "@orgtree/runtime";
import { describe, expect, test } from "vitest";
import { isElsewhere } from "../support/elsewhere.ts";
import { refusalOf, startTree, TestSystem } from "../support/start-tree.ts";
import { die, exit, fail, naughtyWorker, scriptedWorker, worker, workerOnce, workerWith } from "../support/workers.ts";

describe("the reports", () => {
  test("child_terminated: supervisor, child, exit, chain of causes, and what was decided", async () => {
    await using tree = await startTree({ children: [{ id: "a", logic: worker }] });
    await tree.order(["a", fail("tool-error", "timeout")]);
    expect(tree.trace.reports()).toMatchObject([
      {
        supervisor: "/sup",
        context: "child-terminated",
        child: "a",
        exit: { kind: "failure" },
        chain: [{ class: "tool-error", kind: "timeout", address: "/sup/a", message: "/sup/a fails" }],
        decision: "restart",
        directive: "restart",
      },
    ]);
  });

  test("start_error: in the initial list, on request, and at a restart", async () => {
    await using host = new TestSystem();
    await refusalOf(host.system.start({ id: "sup", logic: supervisor({ children: [{ id: "a", logic: scriptedWorker("fail") }] }) }));
    const contexts = host.log.map(({ level, facts }) => [
      level,
      (facts as { context: string }).context,
      (facts as { supervisor: string }).supervisor,
    ]);
    expect(contexts).toEqual([
      ["error", "start-error", "/sup"],
      ["error", "start-error", "/"],
    ]);

    await using tree = await startTree({ intensity: { maxRestarts: 2, periodMs: 1 }, children: [{ id: "a", logic: workerOnce() }] });
    await refusalOf(tree.sup.startChild({ id: "b", logic: scriptedWorker("fail") }));
    await tree.order(["a", die]);
    expect(tree.trace.contexts()).toEqual(["start-error b", "child-terminated a", "start-error a", "start-error a", "gave-up a"]);
  });

  test("shutdown_error: a child that had to be killed, with that exit", async () => {
    await using tree = await startTree({ children: [{ id: "a", shutdownMs: 5, logic: naughtyWorker }] });
    await tree.stop(5);
    expect(tree.trace.reports()).toMatchObject([
      { context: "shutdown-error", child: "a", exit: { kind: "killed" }, chain: [{ name: "Killed" }] },
    ]);
  });

  test("reached_max_restart_intensity: after the exit itself, with the offender and what was used up", async () => {
    await using tree = await startTree({ children: [{ id: "a", logic: worker }] });
    await tree.order(["a", die], ["a", die]);
    expect(tree.trace.contexts()).toEqual(["child-terminated a", "child-terminated a", "gave-up a"]);
    expect(tree.log.at(-1)).toMatchObject({ level: "error", facts: { context: "child-terminated", supervisor: "/" } });
  });

  test("quiet ends are not reported, except of permanent children", async () => {
    const children = (["permanent", "transient", "temporary"] as const).map((restart) => ({ id: restart, restart, logic: worker }));
    await using tree = await startTree({ intensity: { maxRestarts: 9, periodMs: 1 }, children });
    for (const { id } of children) await tree.order([id, exit("normal")]);
    expect(tree.trace.contexts()).toEqual(["child-terminated permanent"]);
    expect(tree.log).toMatchObject([{ level: "info" }]);
  });

  test.skipIf(isElsewhere)("progress: each start is an event with its incarnation", async () => {
    await using tree = await startTree({ children: [{ id: "a", logic: worker }] });
    const started: unknown[] = [];
    tree.system.observe((event) => {
      if (event.type === "actor-started") started.push([event.address, event.incarnation]);
    });
    await tree.order(["a", die]);
    await tree.sup.startChild({ id: "b", logic: worker });
    expect(started).toEqual([
      ["/sup/a", 2],
      ["/sup/b", 1],
    ]);
  });
});

describe("the log", () => {
  test("external_start_no_progress_log: a start that was asked for from outside is no news; the first line is the child's end", async () => {
    await using tree = await startTree({});
    await tree.sup.startChild({ id: "a", logic: worker });
    expect(tree.log).toEqual([]);
    await tree.order(["a", exit("normal")]);
    expect(tree.log).toMatchObject([{ level: "info", facts: { context: "child-terminated", child: "a", exit: "normal" } }]);
  });

  test("a crash loop is visible at error level from the first crash on, each attempt a line", async () => {
    await using tree = await startTree({ intensity: { maxRestarts: 3, periodMs: 1_000 }, children: [{ id: "a", logic: workerOnce() }] });
    await tree.order(["a", die]);
    const lines = tree.log.filter(({ facts }) => (facts as { supervisor: string }).supervisor === "/sup");
    expect(lines.map(({ level }) => level)).toEqual(["error", "error", "error", "error", "error"]);
    expect(lines.map(({ message }) => message)).toEqual([
      "/sup: child-terminated of a: restart",
      "/sup: start-error of a: restart",
      "/sup: start-error of a: restart",
      "/sup: start-error of a: restart",
      "/sup: gave-up of a: restart refused: 3 in 1000 ms are used up",
    ]);
  });

  test("resume is a warning", async () => {
    await using tree = await startTree({ children: [{ id: "a", onFailure: { crash: "resume" }, logic: worker }] });
    await tree.order(["a", die]);
    expect(tree.log).toMatchObject([{ level: "warn", facts: { context: "directive", directive: "resume" } }]);
  });

  test("format_log: a report is plain data of bounded depth, and its line is one line, whatever was thrown", async () => {
    const hostile = workerWith({
      init: (_input, turn) => {
        if (turn.incarnation === 1) return [];
        const error = new Error("first line\nsecond line");
        error.cause = error;
        throw error;
      },
    });
    await using tree = await startTree({ intensity: { maxRestarts: 1, periodMs: 1 }, children: [{ id: "a", logic: hostile }] });
    await tree.order(["a", die]);
    const reports = tree.trace.reports();
    expect(reports).toHaveLength(3);
    for (const report of reports) {
      expect(structuredClone(report)).toEqual(report);
      expect(() => JSON.stringify(report)).not.toThrow();
      expect(report.chain.length).toBeLessThanOrEqual(maxCauseDepth);
    }
    for (const { message } of tree.log) expect(message).not.toContain("\n");
  });
});
