/**
 * Stopping a supervisor and its children: OTP's rules 27 to 32.
 */
import type { Exit } from "@orgtree/core";
import { supervisor, VirtualClock } from "@orgtree/runtime";
import { describe, expect, test } from "vitest";
import { isElsewhere } from "../support/elsewhere.ts";
import { startTree } from "../support/start-tree.ts";
import { count, die, exit, hangingWorker, naughtyWorker, slowWorker, stoppingWith, worker, workerWith } from "../support/workers.ts";

const failure = { class: "crash", name: "Error", message: "boom" } as const;

describe("the order of a stop", () => {
  test("children end one at a time in reverse start order, each fully gone before the next is told", async () => {
    const clock = new VirtualClock();
    const children = ["a", "b", "c"].map((id) => ({ id, logic: slowWorker(clock, 100) }));
    await using tree = await startTree({ children }, { clock });
    const stopped = tree.system.stop("/sup");
    await clock.advance(99);
    expect(tree.trace.lives()).toEqual([]);
    await clock.advance(1);
    expect(tree.trace.lives()).toEqual(["-c shutdown"]);
    await clock.advance(100);
    expect(tree.trace.lives()).toEqual(["-b shutdown"]);
    await clock.advance(100);
    expect(tree.trace.lives()).toEqual(["-a shutdown", "-sup shutdown"]);
    await stopped;
  });

  test("a restarted child keeps its place in the order", async () => {
    await using tree = await startTree({ children: ["a", "b", "c"].map((id) => ({ id, logic: worker })) });
    await tree.order(["a", die]);
    await tree.stop();
    expect(tree.trace.lives()).toEqual(["-a failure", "+a", "-c shutdown", "-b shutdown", "-a shutdown", "-sup shutdown"]);
  });

  test("a tree ends from its leaves: each supervisor after its children", async () => {
    const inner = supervisor({
      children: [
        { id: "x", logic: worker },
        { id: "y", logic: worker },
      ],
    });
    await using tree = await startTree({
      children: [
        { id: "a", logic: worker },
        { id: "team", logic: inner },
        { id: "b", logic: worker },
      ],
    });
    await tree.stop();
    expect(tree.trace.lives()).toEqual([
      "-b shutdown",
      "-team/y shutdown",
      "-team/x shutdown",
      "-team shutdown",
      "-a shutdown",
      "-sup shutdown",
    ]);
  });

  test("sup_stop_infinity: a worker and a supervisor with all the time they want end with shutdown", async () => {
    const clock = new VirtualClock();
    const children = [
      {
        id: "team",
        shutdownMs: "infinity" as const,
        logic: supervisor({ children: [{ id: "x", shutdownMs: "infinity", logic: slowWorker(clock, 200_000) }] }),
      },
      { id: "a", shutdownMs: "infinity" as const, logic: slowWorker(clock, 200_000) },
    ];
    await using tree = await startTree({ children }, { clock });
    await tree.stop(400_000);
    expect(tree.trace.lives()).toEqual(["-a shutdown", "-team/x shutdown", "-team shutdown", "-sup shutdown"]);
    expect(tree.trace.contexts()).toEqual([]);
  });
});

describe("the time of a stop", () => {
  test("sup_stop_timeout: a child that is busy for 200 s is killed after its 1,000 ms, the other ends with shutdown", async () => {
    const clock = new VirtualClock();
    const children = [
      { id: "a", shutdownMs: 1_000, logic: worker },
      { id: "b", shutdownMs: 1_000, logic: slowWorker(clock, 200_000) },
    ];
    await using tree = await startTree({ children }, { clock });
    const stopped = tree.system.stop("/sup");
    await clock.advance(999);
    expect(tree.trace.lives()).toEqual([]);
    await clock.advance(1);
    await stopped;
    expect(tree.trace.lives()).toEqual(["-b killed", "-a shutdown", "-sup shutdown"]);
    expect(tree.trace.contexts()).toEqual(["shutdown-error b"]);
  });

  test("sup_stop_brutal_kill: such a child is killed at once, without its clean-up, and quietly", async () => {
    let cleanups = 0;
    const tidy = workerWith({ terminate: () => void cleanups++ });
    await using tree = await startTree({
      children: [
        { id: "a", logic: tidy },
        { id: "b", shutdownMs: "brutal-kill", logic: tidy },
      ],
    });
    await tree.stop();
    expect(tree.trace.lives()).toEqual(["-b killed", "-a shutdown", "-sup shutdown"]);
    expect(tree.trace.contexts()).toEqual([]);
    expect(cleanups).toBe(1);
  });

  test("a shutdown time of 0 is a signal and a kill: a clean-up that needs no time is still done", async () => {
    const clock = new VirtualClock();
    const children = [
      { id: "a", shutdownMs: 0, logic: worker },
      { id: "b", shutdownMs: 0, logic: slowWorker(clock, 1) },
    ];
    await using tree = await startTree({ children }, { clock });
    await tree.stop();
    expect(tree.trace.lives()).toEqual(["-b killed", "-a shutdown", "-sup shutdown"]);
  });

  test.skipIf(isElsewhere)("child_unlink: a child that ignores its stop cannot hang its supervisor, nor can junk", async () => {
    await using tree = await startTree({ children: [{ id: "a", shutdownMs: 1_000, logic: naughtyWorker }] });
    const terminated = tree.sup.terminateChild("a");
    const cyclic: { self?: unknown } = {};
    cyclic.self = cyclic;
    const trap = Object.defineProperty({}, "type", {
      get: () => {
        throw new Error("no");
      },
    });
    for (const junk of [
      "junk",
      trap,
      10n,
      undefined,
      null,
      cyclic,
      { type: 3n },
      { type: "terminate-child", id: Symbol("x") },
      { type: "start-child", spec: 3n },
    ]) {
      tree.system.tell("/sup", junk);
      tree.system.tell("/", junk);
    }
    await tree.clock.advance(1_000);
    await terminated;
    expect(tree.trace.lives()).toEqual(["-a killed"]);
    expect(await tree.list()).toEqual(["a stopped"]);
    expect(tree.branch.deadLetters.counts()).toEqual({ malformed: 18 });
  });

  test("what a killed child still does comes to nothing", async () => {
    const clock = new VirtualClock();
    await using tree = await startTree({ children: [{ id: "a", shutdownMs: 10, logic: slowWorker(clock, 20) }] }, { clock });
    const terminated = tree.sup.terminateChild("a");
    await clock.advance(10);
    await terminated;
    await tree.sup.restartChild("a");
    await clock.advance(20);
    expect(tree.trace.lives()).toEqual(["-a killed", "+a"]);
  });

  test("killing a supervisor kills all that is below it, from its leaves: OTP would leave grandchildren behind", async () => {
    const clock = new VirtualClock();
    const deep = supervisor({ children: [{ id: "leaf", logic: slowWorker(clock, 1_000) }] });
    const inner = supervisor({
      children: [
        { id: "x", logic: worker },
        { id: "deep", logic: deep },
      ],
    });
    await using tree = await startTree({ children: [{ id: "team", shutdownMs: 100, logic: inner }] }, { clock });
    await tree.stop(100);
    expect(tree.trace.lives()).toEqual(["-team/deep/leaf killed", "-team/deep killed", "-team/x killed", "-team killed", "-sup shutdown"]);
    expect(tree.system.open.actors).toBe(1);
  });
});

describe("which exits are quiet during an ordered stop", () => {
  const exits: Record<string, Exit> = {
    shutdown: { kind: "shutdown" },
    "shutdown with info": { kind: "shutdown", info: "moved" },
    normal: { kind: "normal" },
    failure: { kind: "failure", failure },
    killed: { kind: "killed" },
  };
  const restarts = ["permanent", "transient", "temporary"] as const;
  test.each([
    { own: "shutdown", loud: [] },
    { own: "shutdown with info", loud: ["permanent"] },
    { own: "normal", loud: ["permanent"] },
    { own: "failure", loud: restarts },
    { own: "killed", loud: restarts },
  ])("$own is an error of $loud children, and never stops the shutdown", async ({ own, loud }) => {
    const children = restarts.map((restart) => ({ id: restart, restart, logic: stoppingWith(exits[own]!) }));
    await using tree = await startTree({ children });
    await tree.stop();
    expect(tree.exit).toEqual({ kind: "shutdown" });
    expect(tree.trace.contexts()).toEqual([...loud].reverse().map((id) => `shutdown-error ${id}`));
    expect(tree.trace.lives()).toHaveLength(4);
  });

  test("a clean-up that throws is one too, at once or later", async () => {
    const throws = workerWith({
      terminate: () => {
        throw new Error("no");
      },
    });
    const rejects = workerWith({ terminate: () => Promise.reject(new Error("no")) });
    await using tree = await startTree({
      children: [
        { id: "a", logic: throws },
        { id: "b", logic: rejects },
        { id: "c", logic: worker },
      ],
    });
    await tree.stop();
    expect(tree.trace.lives()).toEqual(["-c shutdown", "-b failure", "-a failure", "-sup shutdown"]);
    expect(tree.trace.contexts()).toEqual(["shutdown-error b", "shutdown-error a"]);
  });
});

describe("what happens meanwhile", () => {
  test.each([
    { how: "normal", order: exit("normal") },
    { how: "failure", order: die },
    { how: "shutdown", order: exit("shutdown") },
  ])(
    "a child that ends by itself during the shutdown ($how) is not started again, and does not disturb the rest",
    async ({ how, order }) => {
      const clock = new VirtualClock();
      const children = [
        { id: "a", logic: worker },
        { id: "b", logic: worker },
        { id: "c", logic: slowWorker(clock, 100) },
      ];
      await using tree = await startTree({ strategy: "one-for-all", children }, { clock });
      const stopped = tree.system.stop("/sup");
      await clock.advance(50);
      await tree.order(["a", order]);
      await clock.advance(50);
      await stopped;
      expect(tree.trace.lives()).toEqual([`-a ${how}`, "-c shutdown", "-b shutdown", "-sup shutdown"]);
      expect(tree.exit).toEqual({ kind: "shutdown" });
    },
  );

  test.skipIf(isElsewhere)("a queued message on a stopping child does not keep anybody busy, and becomes a dead letter", async () => {
    const clock = new VirtualClock();
    await using tree = await startTree({ children: [{ id: "a", logic: slowWorker(clock, 1_000) }] }, { clock });
    const stopped = tree.system.stop("/sup");
    await tree.order(["a", count(1)], ["a", count(2)]);
    expect(tree.system.tree().children[0]?.children[0]).toMatchObject({ status: "stopping", mailbox: 2 });
    await clock.advance(1_000);
    await stopped;
    expect(tree.branch.deadLetters.list().map(({ envelope, reason }) => [envelope.message, reason])).toEqual([
      [count(1), "stopped"],
      [count(2), "stopped"],
    ]);
  });

  test("a stop that comes while a child is being terminated waits for that child first", async () => {
    const clock = new VirtualClock();
    const children = [
      { id: "a", logic: slowWorker(clock, 100) },
      { id: "b", logic: worker },
    ];
    await using tree = await startTree({ children }, { clock });
    const refused = expect(tree.sup.terminateChild("a")).rejects.toMatchObject({ code: "stopping" });
    await clock.settle();
    await tree.stop(100);
    await refused;
    expect(tree.trace.lives()).toEqual(["-a shutdown", "-b shutdown", "-sup shutdown"]);
  });

  test("a call to a supervisor that is ending by itself is refused, or fails when it is gone; it never hangs", async () => {
    const clock = new VirtualClock();
    const children = [
      { id: "a", logic: worker },
      { id: "b", logic: slowWorker(clock, 100) },
    ];
    await using tree = await startTree({ intensity: { maxRestarts: 0, periodMs: 1 }, children }, { clock });
    await tree.order(["a", die]);
    await expect(tree.sup.startChild({ id: "c", logic: worker })).rejects.toMatchObject({ code: "stopping" });
    expect(await tree.list()).toEqual(["b stopping", "a stopped"]);
    await clock.advance(100);
    await expect(tree.sup.listChildren()).rejects.toMatchObject({ name: "UnknownRecipientError" });
  });

  test("a call that waits in the mailbox of a supervisor that is stopped fails", async () => {
    const clock = new VirtualClock();
    await using tree = await startTree({ children: [{ id: "b", logic: slowWorker(clock, 100) }] }, { clock });
    const stopped = tree.system.stop("/sup");
    await clock.settle();
    const call = expect(tree.sup.listChildren()).rejects.toMatchObject({ name: "AskFailedError", outcome: "not-done" });
    await clock.advance(100);
    await stopped;
    await call;
  });

  test("a stop that reaches a supervisor which is giving up does not change how it ends: it still says why", async () => {
    const clock = new VirtualClock();
    const children = [
      { id: "x", logic: worker },
      { id: "y", logic: slowWorker(clock, 100) },
    ];
    await using tree = await startTree(
      { children: [{ id: "team", logic: supervisor({ intensity: { maxRestarts: 0, periodMs: 1 }, children }) }] },
      { clock },
    );
    await tree.order(["team/x", die]);
    await tree.stop(100);
    expect(tree.trace.lives()).toEqual(["-team/x failure", "-team/y shutdown", "-team escalated", "-sup shutdown"]);
    expect(tree.trace.contexts()).toEqual(["child-terminated x", "gave-up x", "shutdown-error team"]);
  });

  test("calls that wait for their turn are refused when the stop comes", async () => {
    await using tree = await startTree({});
    const first = expect(tree.sup.startChild({ id: "a", logic: hangingWorker })).rejects.toMatchObject({ code: "stopping" });
    const second = expect(tree.sup.startChild({ id: "b", logic: worker })).rejects.toMatchObject({ code: "stopping" });
    await tree.clock.settle();
    await tree.stop();
    await Promise.all([first, second]);
    expect(tree.trace.lives()).toEqual(["!a shutdown", "-sup shutdown"]);
  });
});
