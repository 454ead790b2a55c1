/**
 * How many restarts a supervisor grants, and what it does when they are used up: OTP's rules 15 to 21.
 */
import { causeChain, rootAddress, type SystemEvent } from "@orgtree/core";
import { supervisor } from "@orgtree/runtime";
import { describe, expect, test } from "vitest";
import { startTree, TestSystem, topIds } from "../support/start-tree.ts";
import { Trace } from "../support/trace.ts";
import { die, exit, fail, slowWorker, worker, workerOnce } from "../support/workers.ts";

describe("the window", () => {
  test("multiple_restarts: failures that are far enough apart never end the supervisor", async () => {
    await using tree = await startTree({ intensity: { maxRestarts: 1, periodMs: 1_000 }, children: [{ id: "a", logic: worker }] });
    for (let round = 0; round < 20; round++) {
      await tree.order(["a", die]);
      await tree.clock.advance(2_000);
    }
    expect(tree.exit).toBeUndefined();
    expect((await tree.ask("a")).incarnation).toBe(21);
  });

  test.each([
    { maxRestarts: 0, failuresAtMs: [0], ends: true },
    { maxRestarts: 1, failuresAtMs: [0], ends: false },
    { maxRestarts: 1, failuresAtMs: [0, 0], ends: true },
    { maxRestarts: 3, failuresAtMs: [0, 0, 0], ends: false },
    { maxRestarts: 3, failuresAtMs: [0, 0, 0, 0], ends: true },
    { maxRestarts: 1, failuresAtMs: [0, 1_000], ends: true }, // A stamp exactly a period old still counts.
    { maxRestarts: 1, failuresAtMs: [0, 1_001], ends: false },
    { maxRestarts: 2, failuresAtMs: [0, 900, 1_100], ends: false }, // A tumbling window would have started again at 1,000,
    { maxRestarts: 2, failuresAtMs: [900, 1_100, 1_200], ends: true }, // and let this pass.
  ])("$maxRestarts in 1,000 ms, failures at $failuresAtMs: ends $ends", async ({ maxRestarts, failuresAtMs, ends }) => {
    await using tree = await startTree({ intensity: { maxRestarts, periodMs: 1_000 }, children: [{ id: "a", logic: worker }] });
    for (const atMs of failuresAtMs) {
      await tree.clock.advance(atMs - tree.clock.nowMs());
      await tree.order(["a", die]);
    }
    expect(tree.exit !== undefined).toBe(ends);
  });

  test("the default grants one restart in 5,000 ms", async () => {
    await using tree = await startTree({ children: [{ id: "a", logic: worker }] });
    await tree.order(["a", die]);
    await tree.clock.advance(5_001);
    await tree.order(["a", die]);
    expect(tree.exit).toBeUndefined();
    await tree.clock.advance(5_000);
    await tree.order(["a", die]);
    expect(tree.exit).toMatchObject({ kind: "escalated" });
  });

  test("all children of a supervisor share it", async () => {
    await using tree = await startTree({
      intensity: { maxRestarts: 2, periodMs: 1_000 },
      children: ["a", "b", "c"].map((id) => ({ id, logic: worker })),
    });
    await tree.order(["a", die], ["b", die]);
    expect(tree.exit).toBeUndefined();
    await tree.order(["c", die]);
    expect(tree.exit).toMatchObject({ kind: "escalated" });
  });

  test("a quiet exit of a permanent child counts like any other", async () => {
    await using tree = await startTree({ intensity: { maxRestarts: 1, periodMs: 1_000 }, children: [{ id: "a", logic: worker }] });
    await tree.order(["a", exit("normal")], ["a", exit("normal")]);
    expect(tree.exit).toMatchObject({ kind: "escalated", failure: { cause: { name: "EndedTooOften", address: "/sup/a" } } });
  });

  test("a stamp costs what it costs even when the attempt fails: one for the exit, one for each retry", async () => {
    await using tree = await startTree({ intensity: { maxRestarts: 4, periodMs: 1_000 }, children: [{ id: "a", logic: workerOnce() }] });
    await tree.order(["a", die]);
    expect(tree.trace.lives()).toEqual(["-a failure", "!a failure", "!a failure", "!a failure", "!a failure", "-sup escalated"]);
  });

  test("startChild, restartChild and terminateChild cost nothing", async () => {
    await using tree = await startTree({ intensity: { maxRestarts: 1, periodMs: 1_000 }, children: [{ id: "a", logic: worker }] });
    for (let round = 0; round < 5; round++) {
      await tree.sup.terminateChild("a");
      await tree.sup.restartChild("a");
      await tree.sup.startChild({ id: `b${round}`, logic: worker });
    }
    await tree.order(["a", die]);
    expect(tree.exit).toBeUndefined();
  });
});

describe("giving up", () => {
  test("the report names the child and what was used up, the others end in reverse order, and the exit says why", async () => {
    const children = ["a", "b", "c"].map((id) => ({ id, logic: worker }));
    await using tree = await startTree({ intensity: { maxRestarts: 0, periodMs: 1_000 }, children });
    await tree.order(["b", fail("tool-error", "timeout")]);
    expect(tree.trace.lives()).toEqual(["-b failure", "-c shutdown", "-a shutdown", "-sup escalated"]);
    expect(tree.trace.reports()).toMatchObject([
      { context: "child-terminated", child: "b", decision: "restart", step: { number: 1, of: 1 } },
      { context: "gave-up", child: "b", decision: "restart refused: 0 in 1000 ms are used up", directive: "escalate", step: undefined },
    ]);
    expect(tree.exit).toMatchObject({
      kind: "escalated",
      failure: {
        class: "tool-error",
        kind: "timeout",
        address: "/sup",
        cause: { class: "tool-error", address: "/sup/b", message: "/sup/b fails" },
      },
    });
  });

  test("the cause survives retries that fail: the last of them is what the parent hears", async () => {
    await using tree = await startTree({ intensity: { maxRestarts: 2, periodMs: 1_000 }, children: [{ id: "a", logic: workerOnce() }] });
    await tree.order(["a", die]);
    expect(tree.exit).toMatchObject({ failure: { cause: { address: "/sup/a", message: "/sup/a does not start" } } });
  });

  test.each(["permanent", "transient"] as const)(
    "a %s sub-supervisor that gives up is started again by its parent: its exit is abnormal",
    async (restart) => {
      const inner = supervisor({
        intensity: { maxRestarts: 0, periodMs: 1_000 },
        children: [
          { id: "x", logic: worker },
          { id: "y", logic: worker },
        ],
      });
      await using tree = await startTree({ children: [{ id: "team", restart, logic: inner }] });
      await tree.order(["team/x", die]);
      expect(tree.trace.lives()).toEqual(["-team/x failure", "-team/y shutdown", "-team escalated", "+team/x", "+team/y", "+team"]);
      expect(await tree.list()).toEqual(["team running"]);
    },
  );

  test("a temporary sub-supervisor that gives up is gone", async () => {
    const inner = supervisor({ intensity: { maxRestarts: 0, periodMs: 1_000 }, children: [{ id: "x", logic: worker }] });
    await using tree = await startTree({ children: [{ id: "team", restart: "temporary", logic: inner }] });
    await tree.order(["team/x", die]);
    expect(await tree.list()).toEqual([]);
  });

  test("children that were added at run time are lost when their supervisor is started again", async () => {
    const inner = supervisor({ intensity: { maxRestarts: 0, periodMs: 1_000 }, children: [{ id: "x", logic: worker }] });
    await using tree = await startTree({ children: [{ id: "team", logic: inner }] });
    const team = tree.supervisor("/sup/team");
    await team.startChild({ id: "added", logic: worker });
    await tree.order(["team/x", die]);
    expect((await team.listChildren()).map(({ id }) => id)).toEqual(["x"]);
  });

  test.each([
    { outer: 1, inner: 1, deaths: 4 },
    { outer: 2, inner: 3, deaths: 12 },
    { outer: 3, inner: 2, deaths: 12 },
  ])("budgets multiply: $outer above $inner means $deaths failures until the top gives up", async ({ outer, inner, deaths }) => {
    const team = supervisor({ intensity: { maxRestarts: inner, periodMs: 1_000 }, children: [{ id: "x", logic: worker }] });
    await using tree = await startTree({ intensity: { maxRestarts: outer, periodMs: 1_000 }, children: [{ id: "team", logic: team }] });
    let died = 0;
    while (tree.exit === undefined) {
      await tree.order(["team/x", die]);
      died++;
    }
    expect(died).toBe(deaths);
  });

  test("an escalation climbs three levels with its chain of causes intact, from the top down to the leaf", async () => {
    const none = { intensity: { maxRestarts: 0, periodMs: 1_000 } };
    const low = supervisor({ ...none, children: [{ id: "leaf", logic: worker }] });
    const middle = supervisor({ ...none, children: [{ id: "low", logic: low }] });
    await using tree = await startTree({ ...none, children: [{ id: "middle", logic: middle }] });
    await tree.order(["middle/low/leaf", fail("model-error", "refusal")]);
    expect(tree.trace.lives()).toEqual(["-middle/low/leaf failure", "-middle/low escalated", "-middle escalated", "-sup escalated"]);
    const failure = (tree.exit as { failure: Parameters<typeof causeChain>[0] }).failure;
    const chain = causeChain(failure).map(({ address, name }) => [address, name]);
    expect(chain).toEqual([
      ["/sup", "Escalated"],
      ["/sup/middle", "Escalated"],
      ["/sup/middle/low", "Escalated"],
      ["/sup/middle/low/leaf", "FailureError"],
    ]);
    expect(causeChain(failure).every((link) => link.class === "model-error" && link.kind === "refusal")).toBe(true);
  });

  test("a failure while it gives up, in a child that is slow to stop, does not change why it gave up", async () => {
    await using host = new TestSystem();
    const { system, clock } = host;
    const trace = new Trace(system, "/sup");
    const children = [
      { id: "a", logic: worker },
      { id: "b", logic: worker },
      { id: "c", logic: slowWorker(clock, 100) },
    ];
    await system.start({ id: "sup", restart: "temporary", logic: supervisor({ intensity: { maxRestarts: 0, periodMs: 1 }, children }) });
    const ended = system.watch("/sup");
    await host.tell("/sup/a", fail("loop"));
    await host.tell("/sup/b", fail("overload"));
    await clock.advance(100);
    await expect(ended).resolves.toMatchObject({ kind: "escalated", failure: { class: "loop", cause: { address: "/sup/a" } } });
    expect(trace.contexts()).toEqual(["child-terminated a", "gave-up a", "shutdown-error b"]);
  });
});

describe("the root", () => {
  test("never dies of a child: it gives the child up and tells people, and the others go on", async () => {
    await using host = new TestSystem();
    const events: SystemEvent[] = [];
    host.system.observe((event) => {
      if (event.type === "escalated-to-root") events.push(event);
    });
    await host.system.start({ id: "bad", logic: workerOnce() });
    await host.system.start({ id: "good", logic: worker });
    await host.tell("/bad", die);
    expect(topIds(host.system)).toEqual(["good"]);
    expect(events).toMatchObject([{ address: "/bad", failure: { name: "Escalated", address: rootAddress, cause: { address: "/bad" } } }]);
    await host.system.start({ id: "bad", logic: worker });
    expect(topIds(host.system)).toEqual(["good", "bad"]);
  });

  test("counts the restarts of each of its children apart: one run cannot spoil another", async () => {
    await using host = new TestSystem();
    for (const id of ["a", "b", "c"]) await host.system.start({ id, logic: worker });
    for (const id of ["a", "b", "c"]) await host.tell(`/${id}`, die);
    expect(topIds(host.system)).toEqual(["a", "b", "c"]);
    await host.tell("/b", die);
    expect(topIds(host.system)).toEqual(["a", "c"]);
  });

  test("takes a tree that gave up as one failure", async () => {
    await using host = new TestSystem();
    const logic = supervisor({ intensity: { maxRestarts: 0, periodMs: 1_000 }, children: [{ id: "a", logic: worker }] });
    await host.system.start({ id: "sup", logic });
    await host.tell("/sup/a", die);
    expect(host.system.tree().children).toMatchObject([
      { address: "/sup", restarts: 1, children: [{ address: "/sup/a", status: "running" }] },
    ]);
    await host.tell("/sup/a", die);
    expect(topIds(host.system)).toEqual([]);
  });
});
