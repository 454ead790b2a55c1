/**
 * A live change of a supervisor's spec: OTP's code_change, rule 46.
 */
import type { AutoShutdown } from "@orgtree/core";
import { supervisor } from "@orgtree/runtime";
import { describe, expect, test } from "vitest";
import { refusalOf, startTree } from "../support/start-tree.ts";
import { die, exit, naughtyWorker, worker, workerOnce } from "../support/workers.ts";

const normal = exit("normal");
const a = { id: "a", logic: worker };
const b = { id: "b", logic: worker };

describe("code_change, code_change_map", () => {
  test("new flags hold from the next decision on", async () => {
    await using tree = await startTree({ children: [a, b] });
    await tree.sup.changeSpec({ strategy: "one-for-all", intensity: { maxRestarts: 3, periodMs: 1_000 }, children: [a, b] });
    for (let round = 0; round < 3; round++) await tree.order(["a", die]);
    expect(tree.exit).toBeUndefined();
    expect(tree.trace.lives().slice(0, 4)).toEqual(["-a failure", "-b shutdown", "+a", "+b"]);
  });

  test("a lower intensity counts the restarts that were made before", async () => {
    await using tree = await startTree({ intensity: { maxRestarts: 5, periodMs: 1_000 }, children: [a] });
    await tree.order(["a", die], ["a", die]);
    await tree.sup.changeSpec({ intensity: { maxRestarts: 2, periodMs: 1_000 }, children: [a] });
    await tree.order(["a", die]);
    expect(tree.exit).toMatchObject({ kind: "escalated" });
  });

  test.each([
    { what: "a faulty strategy", spec: { strategy: "sideways" }, field: "/sup.strategy" },
    { what: "a faulty intensity", spec: { intensity: { maxRestarts: -1, periodMs: 1 } }, field: "/sup.intensity.maxRestarts" },
    { what: "a faulty child", spec: { children: [a, { id: "x" }] }, field: "/sup.children[1].logic" },
    { what: "no spec", spec: "garbage", field: "/sup" },
  ])("$what is refused, and the old spec stays in force", async ({ spec, field }) => {
    await using tree = await startTree({ children: [a] });
    await expect(tree.sup.changeSpec(spec as never)).rejects.toMatchObject({ name: "SpecError", field });
    expect(await tree.list()).toEqual(["a running"]);
    await tree.order(["a", die]);
    expect(tree.exit).toBeUndefined();
  });

  test("new children are added and not started, changed ones keep their process, and dropped ones are kept", async () => {
    await using tree = await startTree({ children: [a, b] });
    await tree.sup.changeSpec({
      children: [
        { ...a, restart: "temporary" },
        { id: "c", logic: worker },
        { id: "d", logic: supervisor({}) },
      ],
    });
    expect(await tree.list()).toEqual(["b running", "d stopped", "c stopped", "a running"]);
    expect(await tree.counts()).toEqual([4, 2, 1, 3]);
    expect(tree.trace.lives()).toEqual([]);
    await tree.sup.restartChild("c");
    await tree.order(["a", die]);
    expect(await tree.list()).toEqual(["b running", "d stopped", "c running"]);
  });

  test("the order of the new list is the start order from then on, with those that were dropped behind it", async () => {
    const children = ["a", "b", "c", "x", "y"].map((id) => ({ id, logic: worker }));
    await using tree = await startTree({ strategy: "rest-for-one", intensity: { maxRestarts: 9, periodMs: 1_000 }, children });
    await tree.sup.changeSpec({ strategy: "rest-for-one", intensity: { maxRestarts: 9, periodMs: 1_000 }, children: [children[2]!, a, b] });
    expect(await tree.list()).toEqual(["y running", "x running", "b running", "a running", "c running"]);
    await tree.order(["b", die]);
    expect(tree.trace.lives()).toEqual(["-b failure", "-y shutdown", "-x shutdown", "+b", "+x", "+y"]);
  });

  test("a child that runs goes on under its new shutdown time and its new answers", async () => {
    await using tree = await startTree({ children: [{ id: "n", logic: naughtyWorker }, a] });
    await tree.sup.changeSpec({
      children: [
        { id: "n", shutdownMs: 10, logic: naughtyWorker },
        { ...a, onFailure: { crash: "resume" } },
      ],
    });
    await tree.order(["a", die]);
    expect((await tree.ask("a")).incarnation).toBe(1);
    const terminated = tree.sup.terminateChild("n");
    await tree.clock.advance(10);
    await terminated;
    expect(tree.trace.lives()).toEqual(["-n killed"]);
  });

  test("a temporary child that runs keeps no input of its new spec", async () => {
    await using tree = await startTree({ children: [{ id: "t", restart: "temporary", logic: worker }] });
    await tree.sup.changeSpec({ children: [{ id: "t", restart: "temporary", input: "large", logic: worker }] });
    await expect(tree.sup.getChildSpec("t")).resolves.toMatchObject({ input: undefined });
  });

  test("a child is started again with its new logic and input", async () => {
    await using tree = await startTree({ children: [{ id: "a", logic: workerOnce() }] });
    await tree.sup.changeSpec({ children: [a] });
    await tree.order(["a", die]);
    expect(await tree.list()).toEqual(["a running"]);
  });

  test("a child that waits for its restart comes up under its new spec", async () => {
    await using tree = await startTree({ children: [{ id: "a", backoff: { minMs: 100, jitter: 0 }, logic: workerOnce() }] });
    await tree.order(["a", die]);
    await tree.sup.changeSpec({ children: [a] });
    await tree.clock.advance(100);
    expect(await tree.list()).toEqual(["a running"]);
  });
});

describe("code_change_simple, code_change_simple_map", () => {
  test("a new template is for the children to come; those that run keep what they were started with", async () => {
    await using tree = await startTree({ strategy: "dynamic", template: { restart: "temporary", logic: worker } });
    await tree.sup.startChild({ id: "old" });
    await tree.sup.changeSpec({ strategy: "dynamic", template: { restart: "permanent", logic: worker } });
    await tree.sup.startChild({ id: "new" });
    await tree.order(["old", die], ["new", die]);
    expect(await tree.list()).toEqual(["new running"]);
  });

  test("a faulty template is refused", async () => {
    await using tree = await startTree({ strategy: "dynamic", template: { logic: worker } });
    await expect(
      tree.sup.changeSpec({ strategy: "dynamic", template: { logic: worker, restart: "never" as "permanent" } }),
    ).rejects.toMatchObject({
      field: "/sup.template.restart",
    });
  });

  test("a supervisor does not change between dynamic and the others", async () => {
    await using tree = await startTree({ strategy: "dynamic", template: { logic: worker } });
    expect(await refusalOf(tree.sup.changeSpec({ children: [a] }))).toBe("bad-spec");
    await tree.sup.startChild({ id: "x" });
    expect(await tree.list()).toEqual(["x running"]);
  });
});

describe("significant_upgrade", () => {
  const x = { id: "x", restart: "transient" as const, logic: worker };
  const significant = { ...x, significant: true };
  const y = { id: "y", restart: "transient" as const, significant: true, logic: worker };

  test.each<{ from: AutoShutdown; to: AutoShutdown; end: string; ends: boolean }>([
    { from: "never", to: "any-significant", end: "x", ends: true },
    { from: "never", to: "all-significant", end: "x", ends: false },
    { from: "any-significant", to: "all-significant", end: "x", ends: false },
    { from: "all-significant", to: "any-significant", end: "x", ends: true },
  ])("from $from to $to: one of two significant children that ends then ends the supervisor: $ends", async ({ from, to, end, ends }) => {
    const plainly = { ...y, significant: false };
    const before = from === "never" ? [x, plainly] : [significant, y];
    await using tree = await startTree({ autoShutdown: from, children: before });
    await tree.sup.changeSpec({ autoShutdown: to, children: [significant, y] });
    await tree.order([end, normal]);
    expect(tree.exit !== undefined).toBe(ends);
  });

  test.each([
    { to: "significant", children: [significant], before: [x], ends: true },
    { to: "not significant", children: [x], before: [significant], ends: false },
  ])("a child that becomes $to: its end ends the supervisor: $ends", async ({ children, before, ends }) => {
    await using tree = await startTree({ autoShutdown: "any-significant", children: before });
    await tree.sup.changeSpec({ autoShutdown: "any-significant", children });
    await tree.order(["x", normal]);
    expect(tree.exit !== undefined).toBe(ends);
  });

  test("never with a significant child is refused, and the old spec stays in force", async () => {
    await using tree = await startTree({ autoShutdown: "any-significant", children: [significant] });
    await expect(tree.sup.changeSpec({ autoShutdown: "never", children: [significant] })).rejects.toMatchObject({
      field: "/sup.children[0].significant",
    });
    await tree.order(["x", normal]);
    expect(tree.exit).toEqual({ kind: "shutdown" });
  });

  test("from any-significant to never, with plain children: the end of one that was significant means nothing any more", async () => {
    await using tree = await startTree({ autoShutdown: "any-significant", children: [significant] });
    await tree.sup.changeSpec({ autoShutdown: "never", children: [x] });
    await tree.order(["x", normal]);
    expect(tree.exit).toBeUndefined();
  });
});
