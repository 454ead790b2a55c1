/**
 * Who goes with a child that ends: OTP's rules 10 to 14.
 */
import { supervisor, VirtualClock } from "@orgtree/runtime";
import { describe, expect, test } from "vitest";
import { isElsewhere } from "../support/elsewhere.ts";
import { startTree } from "../support/start-tree.ts";
import { die, exit, ignoringWorker, lateWorker, scriptedWorker, slowWorker, worker } from "../support/workers.ts";

const abc = ["a", "b", "c"].map((id) => ({ id, logic: worker }));
const wide = { maxRestarts: 100, periodMs: 1_000 };

describe("one_for_one", () => {
  test("one_for_one: only the failed child is new, and the third failure ends the supervisor", async () => {
    await using tree = await startTree({ intensity: { maxRestarts: 2, periodMs: 1_000 }, children: abc.slice(0, 2) });
    await tree.order(["a", die]);
    expect(tree.trace.lives()).toEqual(["-a failure", "+a"]);
    expect((await tree.ask("b")).incarnation).toBe(1);
    expect(await tree.list()).toEqual(["b running", "a running"]);
    await tree.order(["b", die]);
    await tree.order(["a", die]);
    expect(tree.trace.lives()).toEqual(["-b failure", "+b", "-a failure", "-b shutdown", "-sup escalated"]);
  });

  test("a supervisor is under one-for-one when it does not say", async () => {
    await using tree = await startTree({ children: abc });
    await tree.order(["b", die]);
    expect(tree.trace.lives()).toEqual(["-b failure", "+b"]);
  });
});

describe("one_for_all", () => {
  test("one_for_all: both children are new, and the third failure ends the supervisor", async () => {
    await using tree = await startTree({
      strategy: "one-for-all",
      intensity: { maxRestarts: 2, periodMs: 1_000 },
      children: abc.slice(0, 2),
    });
    await tree.order(["a", die]);
    expect(tree.trace.lives()).toEqual(["-a failure", "-b shutdown", "+a", "+b"]);
    expect(await tree.list()).toEqual(["b running", "a running"]);
    await tree.order(["a", die]);
    await tree.order(["a", die]);
    expect(tree.trace.lives()).toEqual(["-a failure", "-b shutdown", "+a", "+b", "-a failure", "-b shutdown", "-sup escalated"]);
  });

  test("the others end in reverse start order, and all start in start order, whoever failed", async () => {
    await using tree = await startTree({ strategy: "one-for-all", intensity: wide, children: abc });
    await tree.order(["b", die]);
    expect(tree.trace.lives()).toEqual(["-b failure", "-c shutdown", "-a shutdown", "+a", "+b", "+c"]);
  });

  test("each child is fully gone before the next ends, and fully up before the next starts", async () => {
    const clock = new VirtualClock();
    const children = [
      { id: "a", logic: lateWorker(clock, 10) },
      { id: "b", logic: slowWorker(clock, 10) },
      { id: "c", logic: slowWorker(clock, 10) },
    ];
    await using host = await startTree({ strategy: "dynamic" }, { clock });
    // Started below a dynamic supervisor, so that its late child can be waited for.
    const started = host.sup.startChild({ id: "team", logic: supervisor({ strategy: "one-for-all", children }) });
    await clock.advance(10);
    await started;
    host.trace.lives();
    await host.order(["team/a", die]);
    const steps: (readonly string[])[] = [host.trace.lives()];
    for (let step = 0; step < 3; step++) {
      await clock.advance(10);
      steps.push(host.trace.lives());
    }
    expect(steps).toEqual([["-team/a failure"], ["-team/c shutdown"], ["-team/b shutdown"], ["+team/a", "+team/b", "+team/c"]]);
  });

  test("children that were down, because they had ended, ignored or been terminated, start with the rest", async () => {
    const children = [
      { id: "ended", restart: "transient" as const, logic: worker },
      { id: "ignoring", logic: scriptedWorker("ignore", "ok") },
      { id: "terminated", logic: worker },
      { id: "failing", logic: worker },
    ];
    await using tree = await startTree({ strategy: "one-for-all", intensity: wide, children });
    await tree.order(["ended", exit("normal")]);
    await tree.sup.terminateChild("terminated");
    tree.trace.lives();
    await tree.order(["failing", die]);
    expect(tree.trace.lives()).toEqual(["-failing failure", "+ended", "+ignoring", "+terminated", "+failing"]);
  });

  test("a child that ignores when all start again has no process, and the others are up", async () => {
    const children = [{ id: "a", logic: scriptedWorker("ok", "ignore") }, ...abc.slice(1)];
    await using tree = await startTree({ strategy: "one-for-all", intensity: wide, children });
    await tree.order(["b", die]);
    expect(await tree.list()).toEqual(["c running", "b running", "a stopped"]);
  });

  test("a transient child that ends quietly takes nobody along", async () => {
    await using tree = await startTree({ strategy: "one-for-all", children: [{ id: "t", restart: "transient", logic: worker }, ...abc] });
    await tree.order(["t", exit("normal")]);
    expect(tree.trace.lives()).toEqual(["-t normal"]);
  });
});

describe("rest_for_one", () => {
  test("rest_for_one: those after the failed child go with it, those before keep their process, and the third failure ends the supervisor", async () => {
    await using tree = await startTree({ strategy: "rest-for-one", intensity: { maxRestarts: 2, periodMs: 1_000 }, children: abc });
    await tree.order(["b", die]);
    expect(tree.trace.lives()).toEqual(["-b failure", "-c shutdown", "+b", "+c"]);
    expect(await tree.counts()).toEqual([3, 3, 0, 3]);
    await tree.order(["b", die]);
    await tree.order(["b", die]);
    expect(tree.trace.lives()).toEqual([
      "-b failure",
      "-c shutdown",
      "+b",
      "+c",
      "-b failure",
      "-c shutdown",
      "-a shutdown",
      "-sup escalated",
    ]);
  });

  test.each([
    { failed: "a", lives: ["-a failure", "-d shutdown", "-c shutdown", "-b shutdown", "+a", "+b", "+c", "+d"] },
    { failed: "c", lives: ["-c failure", "-d shutdown", "+c", "+d"] },
    { failed: "d", lives: ["-d failure", "+d"] },
  ])("$failed of a, b, c, d fails: $lives", async ({ failed, lives }) => {
    await using tree = await startTree({ strategy: "rest-for-one", children: [...abc, { id: "d", logic: worker }] });
    await tree.order([failed, die]);
    expect(tree.trace.lives()).toEqual(lives);
  });

  test("a child that was started later is behind all others", async () => {
    await using tree = await startTree({ strategy: "rest-for-one", intensity: wide, children: abc.slice(0, 2) });
    await tree.sup.startChild({ id: "late", logic: worker });
    await tree.order(["b", die]);
    expect(tree.trace.lives()).toEqual(["+late", "-b failure", "-late shutdown", "+b", "+late"]);
  });
});

describe("temporary children", () => {
  test.each([
    {
      strategy: "one-for-all" as const,
      lives: ["-b failure", "-t2 shutdown", "-t1 shutdown", "-a shutdown", "+a", "+b"],
      list: ["b running", "a running"],
    },
    { strategy: "rest-for-one" as const, lives: ["-b failure", "-t2 shutdown", "+b"], list: ["b running", "t1 running", "a running"] },
    { strategy: "one-for-one" as const, lives: ["-b failure", "+b"], list: ["t2 running", "b running", "t1 running", "a running"] },
  ])(
    "$strategy: a temporary child dies with its siblings, is not brought back, and costs no restart",
    async ({ strategy, lives, list }) => {
      const children = [
        { id: "a", logic: worker },
        { id: "t1", restart: "temporary" as const, logic: worker },
        { id: "b", logic: worker },
        { id: "t2", restart: "temporary" as const, logic: worker },
      ];
      await using tree = await startTree({ strategy, intensity: { maxRestarts: 1, periodMs: 1_000 }, children });
      await tree.order(["b", die]);
      expect(tree.trace.lives()).toEqual(lives);
      expect(await tree.list()).toEqual(list);
    },
  );

  test.each(["one-for-all", "rest-for-one"] as const)("%s: a temporary child that fails takes nobody along", async (strategy) => {
    await using tree = await startTree({ strategy, children: [{ id: "t", restart: "temporary", logic: worker }, ...abc] });
    await tree.order(["t", die]);
    expect(tree.trace.lives()).toEqual(["-t failure"]);
    expect(await tree.list()).toEqual(["c running", "b running", "a running"]);
  });
});

describe("one failure is one restart", () => {
  test.each(["one-for-all", "rest-for-one"] as const)("%s: one failure among ten children counts as one", async (strategy) => {
    const children = Array.from({ length: 10 }, (_, at) => ({ id: `c${at}`, logic: worker }));
    await using tree = await startTree({ strategy, intensity: { maxRestarts: 2, periodMs: 1_000 }, children });
    await tree.order(["c0", die]);
    await tree.order(["c0", die]);
    expect(tree.exit).toBeUndefined();
    expect(await tree.counts()).toEqual([10, 10, 0, 10]);
    await tree.order(["c0", die]);
    expect(tree.exit).toMatchObject({ kind: "escalated" });
  });

  test.skipIf(isElsewhere)(
    "two children that fail at once cost two under one-for-one, and the second finds itself replaced under one-for-all",
    async () => {
      for (const [strategy, lives] of [
        ["one-for-one", ["-a failure", "+a", "-b failure", "+b"]],
        ["one-for-all", ["-a failure", "-b shutdown", "+a", "+b", "-b failure", "-a shutdown", "+a", "+b"]],
      ] as const) {
        await using tree = await startTree({ strategy, intensity: { maxRestarts: 2, periodMs: 1_000 }, children: abc.slice(0, 2) });
        // Both messages wait in their mailboxes, which survive the restart.
        await tree.order(["a", die], ["b", die]);
        expect(tree.trace.lives()).toEqual(lives);
        await tree.order(["a", die]);
        expect(tree.exit).toMatchObject({ kind: "escalated" });
      }
    },
  );
});

test("an ignoring child counts as a spec, not as a child that runs", async () => {
  await using tree = await startTree({ children: [...abc, { id: "i", logic: ignoringWorker }] });
  expect(await tree.counts()).toEqual([4, 3, 0, 4]);
});
