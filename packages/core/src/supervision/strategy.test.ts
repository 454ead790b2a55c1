import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { killedExit, shutdownExit, type Exit } from "../exit.ts";
import { affectedBy, decideAfterExit, decideAutoShutdown, type AutoShutdown, type Strategy } from "./strategy.ts";

const failure = { class: "crash", name: "Error", message: "boom" } as const;
const exits = {
  normal: { kind: "normal" },
  shutdown: shutdownExit,
  "shutdown with info": { kind: "shutdown", info: "moved" },
  killed: killedExit,
  failure: { kind: "failure", failure },
  escalated: { kind: "escalated", failure },
} satisfies Record<string, Exit>;

describe("decideAfterExit", () => {
  test.each([
    { restart: "permanent", exit: "normal", verdict: "restart" },
    { restart: "permanent", exit: "shutdown", verdict: "restart" },
    { restart: "permanent", exit: "shutdown with info", verdict: "restart" },
    { restart: "permanent", exit: "killed", verdict: "restart" },
    { restart: "permanent", exit: "failure", verdict: "restart" },
    { restart: "permanent", exit: "escalated", verdict: "restart" },
    { restart: "transient", exit: "normal", verdict: "keep" },
    { restart: "transient", exit: "shutdown", verdict: "keep" },
    { restart: "transient", exit: "shutdown with info", verdict: "keep" },
    { restart: "transient", exit: "killed", verdict: "restart" },
    { restart: "transient", exit: "failure", verdict: "restart" },
    { restart: "transient", exit: "escalated", verdict: "restart" },
    { restart: "temporary", exit: "normal", verdict: "drop" },
    { restart: "temporary", exit: "shutdown", verdict: "drop" },
    { restart: "temporary", exit: "shutdown with info", verdict: "drop" },
    { restart: "temporary", exit: "killed", verdict: "drop" },
    { restart: "temporary", exit: "failure", verdict: "drop" },
    { restart: "temporary", exit: "escalated", verdict: "drop" },
  ] as const)("$restart child, exit $exit: $verdict", ({ restart, exit, verdict }) => {
    expect(decideAfterExit(restart, exits[exit])).toBe(verdict);
  });
});

describe("affectedBy", () => {
  test.each([
    { strategy: "one-for-one", failed: "b", group: ["b"] },
    { strategy: "dynamic", failed: "b", group: ["b"] },
    { strategy: "one-for-all", failed: "b", group: ["a", "b", "c"] },
    { strategy: "rest-for-one", failed: "a", group: ["a", "b", "c"] },
    { strategy: "rest-for-one", failed: "b", group: ["b", "c"] },
    { strategy: "rest-for-one", failed: "c", group: ["c"] },
  ] as const)("$strategy, $failed of a, b, c fails: $group go", ({ strategy, failed, group }) => {
    expect(affectedBy(strategy, ["a", "b", "c"], failed)).toEqual(group);
  });

  test("holds the failed child and keeps the start order, whatever the order is", () => {
    const anyStrategy = fc.constantFrom<Strategy[]>("one-for-one", "one-for-all", "rest-for-one", "dynamic");
    fc.assert(
      fc.property(anyStrategy, fc.uniqueArray(fc.string(), { minLength: 1 }), fc.nat(), (strategy, order, pick) => {
        const failed = order[pick % order.length]!;
        const group = affectedBy(strategy, order, failed);
        expect(group).toContain(failed);
        expect(group).toEqual(order.filter((id) => group.includes(id)));
      }),
    );
  });

  test("does not read the order where only the failed child is affected", () => {
    const unreadable: Iterable<string> = {
      [Symbol.iterator]: () => {
        throw new Error("read");
      },
    };
    expect(affectedBy("one-for-one", unreadable, "a")).toEqual(["a"]);
    expect(affectedBy("dynamic", unreadable, "a")).toEqual(["a"]);
  });
});

describe("decideAutoShutdown", () => {
  test.each([
    { autoShutdown: "never", othersRunning: 0, ends: false },
    { autoShutdown: "never", othersRunning: 2, ends: false },
    { autoShutdown: "any-significant", othersRunning: 0, ends: true },
    { autoShutdown: "any-significant", othersRunning: 2, ends: true },
    { autoShutdown: "all-significant", othersRunning: 0, ends: true },
    { autoShutdown: "all-significant", othersRunning: 1, ends: false },
  ] satisfies { autoShutdown: AutoShutdown; othersRunning: number; ends: boolean }[])(
    "$autoShutdown with $othersRunning others running: $ends",
    ({ autoShutdown, othersRunning, ends }) => {
      expect(decideAutoShutdown(autoShutdown, othersRunning)).toBe(ends);
    },
  );
});
