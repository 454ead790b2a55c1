/**
 * When the end of significant children ends the supervisor: OTP's rules 33 to 37.
 */
import type { AutoShutdown } from "@orgtree/core";
import { supervisor } from "@orgtree/runtime";
import { describe, expect, test } from "vitest";
import { startTree } from "../support/start-tree.ts";
import { die, exit, ignoringWorker, slowWorker, worker, workerOnce } from "../support/workers.ts";

const modes: readonly AutoShutdown[] = ["never", "any-significant", "all-significant"];
const wide = { maxRestarts: 100, periodMs: 1_000 };
const normal = exit("normal");

describe("nonsignificant_temporary, nonsignificant_transient", () => {
  test.each(modes.flatMap((autoShutdown) => (["temporary", "transient"] as const).map((restart) => ({ autoShutdown, restart }))))(
    "$autoShutdown: a $restart child that is not significant never ends the supervisor, however it ends",
    async ({ autoShutdown, restart }) => {
      await using tree = await startTree({ autoShutdown, intensity: wide });
      for (const end of ["terminated", normal, exit("shutdown"), exit("killed"), die] as const) {
        await tree.sup.startChild({ id: "a", restart, logic: worker });
        if (end === "terminated") await tree.sup.terminateChild("a");
        else await tree.order(["a", end]);
        expect(tree.exit).toBeUndefined();
        if ((await tree.list()).length === 0) continue;
        await tree.sup.terminateChild("a");
        await tree.sup.deleteChild("a");
      }
    },
  );
});

describe("which ends count", () => {
  test.each([
    { restart: "transient", end: normal, how: "normal", counts: true },
    { restart: "transient", end: exit("shutdown"), how: "shutdown", counts: true },
    { restart: "transient", end: exit("shutdown", "moved"), how: "shutdown with info", counts: true },
    { restart: "transient", end: die, how: "failure", counts: false },
    { restart: "transient", end: exit("killed"), how: "killed", counts: false },
    { restart: "temporary", end: normal, how: "normal", counts: true },
    { restart: "temporary", end: exit("shutdown"), how: "shutdown", counts: true },
    { restart: "temporary", end: die, how: "failure", counts: true },
    { restart: "temporary", end: exit("killed"), how: "killed", counts: true },
  ] as const)("a significant $restart child that ends by itself ($how): $counts", async ({ restart, end, counts }) => {
    const children = [
      { id: "a", logic: worker },
      { id: "s", restart, significant: true, logic: worker },
    ];
    await using tree = await startTree({ autoShutdown: "any-significant", intensity: wide, children });
    await tree.order(["s", end]);
    expect(tree.exit).toEqual(counts ? { kind: "shutdown" } : undefined);
    if (!counts) expect(await tree.list()).toEqual(["s running", "a running"]);
  });

  test.each(["transient", "temporary"] as const)("terminate_child of a significant %s child does not", async (restart) => {
    await using tree = await startTree({
      autoShutdown: "any-significant",
      children: [{ id: "s", restart, significant: true, logic: worker }],
    });
    await tree.sup.terminateChild("s");
    expect(tree.exit).toBeUndefined();
  });

  test.each(["transient", "temporary"] as const)(
    "the death of a sibling that takes a significant %s child along does not",
    async (restart) => {
      const children = [
        { id: "a", logic: worker },
        { id: "s", restart, significant: true, logic: worker },
      ];
      await using tree = await startTree({ strategy: "one-for-all", autoShutdown: "any-significant", children });
      await tree.order(["a", die]);
      expect(tree.exit).toBeUndefined();
    },
  );

  test("a significant child that ignores does not", async () => {
    const children = [
      { id: "s", restart: "transient" as const, significant: true, logic: ignoringWorker },
      { id: "a", logic: worker },
    ];
    await using tree = await startTree({ autoShutdown: "any-significant", children });
    expect(await tree.list()).toEqual(["a running", "s stopped"]);
  });

  test("a significant child whose ladder says stop has ended for good, and does", async () => {
    const children = [{ id: "s", restart: "transient" as const, significant: true, onFailure: { crash: "stop" as const }, logic: worker }];
    await using tree = await startTree({ autoShutdown: "any-significant", children });
    await tree.order(["s", die]);
    expect(tree.exit).toEqual({ kind: "shutdown" });
  });
});

describe("the two modes", () => {
  const significant = ["x", "y", "z"].map((id) => ({ id, restart: "transient" as const, significant: true, logic: worker }));

  test("any-significant: the first one ends the supervisor, and the rest ends in reverse order", async () => {
    await using tree = await startTree({ autoShutdown: "any-significant", children: [{ id: "a", logic: worker }, ...significant] });
    await tree.order(["y", normal]);
    expect(tree.trace.lives()).toEqual(["-y normal", "-z shutdown", "-x shutdown", "-a shutdown", "-sup shutdown"]);
    expect(tree.trace.contexts()).toEqual(["auto-shutdown y"]);
  });

  test("all-significant: the last one does", async () => {
    await using tree = await startTree({ autoShutdown: "all-significant", children: [{ id: "a", logic: worker }, ...significant] });
    await tree.order(["y", normal]);
    await tree.order(["x", normal]);
    expect(tree.exit).toBeUndefined();
    await tree.order(["z", normal]);
    expect(tree.trace.lives()).toEqual(["-y normal", "-x normal", "-z normal", "-a shutdown", "-sup shutdown"]);
  });

  test("all-significant: all at once is the last one too", async () => {
    await using tree = await startTree({ autoShutdown: "all-significant", children: significant });
    await tree.order(["x", normal], ["y", normal], ["z", normal]);
    expect(tree.exit).toEqual({ kind: "shutdown" });
  });

  test("all-significant: one that was terminated is not waited for, and one that waits for its restart is", async () => {
    const children = [
      ...significant.slice(0, 2),
      { id: "w", restart: "transient" as const, significant: true, backoff: { minMs: 100, jitter: 0 }, logic: workerOnce(2) },
    ];
    await using tree = await startTree({ autoShutdown: "all-significant", intensity: wide, children });
    await tree.sup.terminateChild("x");
    await tree.order(["w", die]);
    await tree.order(["y", normal]);
    expect(await tree.list()).toEqual(["w restarting", "y stopped", "x stopped"]);
    await tree.clock.advance(100);
    await tree.order(["w", normal]);
    expect(tree.exit).toEqual({ kind: "shutdown" });
  });

  test("an ordered stop meanwhile finds a supervisor that is ending anyway", async () => {
    await using tree = await startTree({});
    const logic = supervisor({
      autoShutdown: "any-significant",
      children: [{ id: "a", logic: slowWorker(tree.clock, 100) }, significant[0]!],
    });
    await tree.sup.startChild({ id: "team", logic });
    await tree.order(["team/x", normal]);
    await tree.stop(100);
    expect(tree.trace.lives()).toEqual([
      "+team/a",
      "+team/x",
      "+team",
      "-team/x normal",
      "-team/a shutdown",
      "-team shutdown",
      "-sup shutdown",
    ]);
  });
});

describe("one level up", () => {
  const team = supervisor({
    autoShutdown: "any-significant",
    children: [{ id: "s", restart: "temporary", significant: true, logic: worker }],
  });

  test("a significant supervisor that shuts itself down ends its parent too", async () => {
    const children = [
      { id: "a", logic: worker },
      { id: "team", restart: "transient" as const, significant: true, logic: team },
    ];
    await using tree = await startTree({ autoShutdown: "any-significant", children });
    await tree.order(["team/s", normal]);
    expect(tree.trace.lives()).toEqual(["-team/s normal", "-team shutdown", "-a shutdown", "-sup shutdown"]);
  });

  test("one that is not significant just is not there any more", async () => {
    await using tree = await startTree({
      autoShutdown: "any-significant",
      children: [
        { id: "a", logic: worker },
        { id: "team", restart: "transient", logic: team },
      ],
    });
    await tree.order(["team/s", normal]);
    expect(await tree.list()).toEqual(["team stopped", "a running"]);
  });

  test("a permanent one is started for ever, and eats its parent's budget", async () => {
    await using tree = await startTree({ intensity: { maxRestarts: 3, periodMs: 1_000 }, children: [{ id: "team", logic: team }] });
    for (let round = 0; round < 4; round++) await tree.order(["team/s", normal]);
    expect(tree.exit).toMatchObject({ kind: "escalated" });
  });

  test("a significant supervisor that gives up has failed, and is started again: its exit is not a shutdown as in OTP", async () => {
    const logic = supervisor({ intensity: { maxRestarts: 0, periodMs: 1 }, children: [{ id: "x", logic: worker }] });
    const children = [{ id: "team", restart: "transient" as const, significant: true, logic }];
    await using tree = await startTree({ autoShutdown: "any-significant", children });
    await tree.order(["team/x", die]);
    expect(await tree.list()).toEqual(["team running"]);
  });
});
