/**
 * What OTP lacks: delays before a restart. The cases are Pekko's (SupervisionSpec) where it has them.
 */
import { describe, expect, test } from "vitest";
import { startTree } from "../support/start-tree.ts";
import { die, exit, scriptedWorker, worker, workerOnce } from "../support/workers.ts";
import { backoff, wide } from "./restart-settings.ts";

describe("backoff", () => {
  test("the delay doubles with each failure in a row, up to the longest", async () => {
    await using tree = await startTree({ intensity: wide, children: [{ id: "a", backoff, logic: workerOnce() }] });
    await tree.order(["a", die]);
    await tree.clock.advance(10_000);
    expect(tree.trace.waits().slice(0, 6)).toEqual(
      [100, 200, 400, 800, 1_000, 1_000].map((delayMs, at) => ({ id: "a", attempt: at + 1, delayMs })),
    );
  });

  test("it starts anew when the child was up long enough, and only then", async () => {
    await using tree = await startTree({ intensity: wide, children: [{ id: "a", backoff, logic: worker }] });
    for (const upMs of [0, 499, 500, 0]) {
      await tree.clock.advance(upMs);
      await tree.order(["a", die]);
      await tree.clock.advance(tree.trace.waits()[0]!.delayMs);
      tree.trace.lives();
    }
    await tree.order(["a", die]);
    expect(tree.trace.waits()).toEqual([{ id: "a", attempt: 3, delayMs: 400 }]); // 100, 200, then 100 again, 200, and this.
  });

  test("a long delay is no quiet time: a child that fails as soon as it is up never falls back to the least delay", async () => {
    await using tree = await startTree({ intensity: wide, children: [{ id: "a", backoff, logic: worker }] });
    const delays = [];
    for (let round = 0; round < 8; round++) {
      await tree.order(["a", die]);
      const { delayMs } = tree.trace.waits()[0]!;
      delays.push(delayMs);
      await tree.clock.advance(delayMs);
    }
    expect(delays).toEqual([100, 200, 400, 800, 1_000, 1_000, 1_000, 1_000]);
  });

  test("jitter adds at most its share", async () => {
    await using tree = await startTree(
      { intensity: wide, children: [{ id: "a", backoff: { ...backoff, jitter: 0.5 }, logic: worker }] },
      { random: { next: () => 0.5 } },
    );
    await tree.order(["a", die]);
    expect(tree.trace.waits()).toEqual([{ id: "a", attempt: 1, delayMs: 125 }]);
  });

  test("an attempt counts when it is made, not when it is planned", async () => {
    await using tree = await startTree({
      intensity: { maxRestarts: 1, periodMs: 50 },
      children: [{ id: "a", backoff, logic: scriptedWorker("ok", "fail", "ok") }],
    });
    await tree.order(["a", die]);
    await tree.clock.advance(1_000);
    expect(await tree.list()).toEqual(["a running"]); // Attempts at 100 and 300: never two within 50 ms.
  });

  test("retries that use the intensity up end the supervisor, delays or not", async () => {
    await using tree = await startTree({
      intensity: { maxRestarts: 3, periodMs: 100_000 },
      children: [{ id: "a", backoff, logic: workerOnce() }],
    });
    await tree.order(["a", die]);
    await tree.clock.advance(10_000);
    expect(tree.exit).toMatchObject({ kind: "escalated" });
    expect(tree.clock.nowMs()).toBe(10_000);
  });

  test("the group stops at once and waits with the failed child", async () => {
    const children = [
      { id: "a", logic: worker },
      { id: "b", backoff, logic: worker },
      { id: "c", logic: worker },
    ];
    await using tree = await startTree({ strategy: "one-for-all", intensity: wide, children });
    await tree.order(["b", die]);
    expect(tree.trace.lives()).toEqual(["-b failure", "-c shutdown", "-a shutdown"]);
    expect(await tree.list()).toEqual(["c stopped", "b restarting", "a stopped"]);
    await tree.clock.advance(100);
    expect(tree.trace.lives()).toEqual(["+a", "+b", "+c"]);
  });

  test("siblings under one-for-one go on, and other children fail and come back meanwhile", async () => {
    await using tree = await startTree({
      intensity: wide,
      children: [
        { id: "a", backoff, logic: worker },
        { id: "b", logic: worker },
      ],
    });
    await tree.order(["a", die]);
    await tree.order(["b", die]);
    expect(tree.trace.lives()).toEqual(["-a failure", "-b failure", "+b"]);
    await tree.clock.advance(100);
    expect(tree.trace.lives()).toEqual(["+a"]);
  });

  test("a stop while a restart waits ends at once, and leaves no timer behind", async () => {
    await using tree = await startTree({ intensity: wide, children: [{ id: "a", backoff, logic: worker }] });
    await tree.order(["a", die]);
    await tree.stop();
    expect(tree.system.open).toEqual({ actors: 1, timers: 0, asks: 0 });
  });

  test("a quiet exit of a permanent child waits like a failure", async () => {
    await using tree = await startTree({ intensity: wide, children: [{ id: "a", backoff, logic: worker }] });
    await tree.order(["a", exit("normal")]);
    expect(tree.trace.waits()).toEqual([{ id: "a", attempt: 1, delayMs: 100 }]);
  });
});
