/**
 * Names over restarts: OTP's simple_global_supervisor (case 47), with `turn.register` for global names.
 */
import { plain, supervisor } from "@orgtree/runtime";
import { describe, expect, test } from "vitest";
import { refusalOf, startTree } from "../support/start-tree.ts";
import { die, exit, namedWorker } from "../support/workers.ts";

describe("simple_global_supervisor", () => {
  const team = supervisor({ intensity: { maxRestarts: 1, periodMs: 1_000 }, children: [{ id: "worker", logic: namedWorker("worker") }] });
  const named = { intensity: { maxRestarts: 10, periodMs: 1_000 }, children: [{ id: "team", shutdownMs: 100, logic: team }] };

  test.each([
    { what: "the worker dies", orders: [die], lives: ["-team/worker failure", "+team/worker"] },
    { what: "the worker exits", orders: [exit("normal")], lives: ["-team/worker normal", "+team/worker"] },
    {
      what: "its supervisor gives up",
      orders: [die, die],
      lives: ["-team/worker failure", "+team/worker", "-team/worker failure", "-team escalated", "+team/worker", "+team"],
    },
  ])("$what: the name is that of the new life", async ({ orders, lives }) => {
    await using tree = await startTree(named);
    for (const order of orders) await tree.order(["team/worker", order]);
    expect(tree.trace.lives()).toEqual(lives);
    expect(tree.branch.whereis("worker")).toBe("/sup/team/worker");
  });

  test("terminate and restart: the name is free in between", async () => {
    await using tree = await startTree(named);
    const worker = tree.supervisor("/sup/team");
    await worker.terminateChild("worker");
    expect(tree.branch.whereis("worker")).toBeUndefined();
    await worker.restartChild("worker");
    expect(tree.branch.whereis("worker")).toBe("/sup/team/worker");
    await tree.sup.terminateChild("team");
    expect(tree.branch.whereis("worker")).toBeUndefined();
    await tree.sup.restartChild("team");
    expect(tree.branch.whereis("worker")).toBe("/sup/team/worker");
  });

  test("after the top has ended all names are free", async () => {
    await using tree = await startTree(named);
    await tree.stop();
    expect(tree.branch.whereis("worker")).toBeUndefined();
  });

  test("while a restart waits nobody has the name, and somebody else may take it: the restart fails then, and is tried again", async () => {
    const children = [{ id: "a", backoff: { minMs: 100, jitter: 0 }, logic: namedWorker("printer") }];
    await using tree = await startTree({ intensity: { maxRestarts: 10, periodMs: 1_000 }, children });
    await tree.order(["a", die]);
    expect(tree.branch.whereis("printer")).toBeUndefined();
    await tree.sup.startChild({ id: "thief", logic: namedWorker("printer") });
    await tree.clock.advance(100);
    expect(tree.trace.lives()).toEqual(["-a failure", "+thief", "!a failure"]);
    await tree.sup.terminateChild("thief");
    await tree.clock.advance(200);
    expect(tree.branch.whereis("printer")).toBe("/sup/a");
  });
});

test("groups follow the lives of their members", async () => {
  const member = plain({
    init: (_input, turn) => {
      turn.join("crew");
      return 0;
    },
    receive: (state: number, message: string) => {
      if (message === "die") throw new Error("die");
      return state;
    },
  });
  await using tree = await startTree({
    children: [
      { id: "a", logic: member },
      { id: "b", logic: member },
    ],
  });
  expect(tree.branch.members("crew")).toEqual(["/sup/a", "/sup/b"]);
  await tree.tell("/sup/a", "die");
  expect(tree.branch.members("crew")).toEqual(["/sup/b", "/sup/a"]);
  await tree.sup.terminateChild("b");
  expect(tree.branch.members("crew")).toEqual(["/sup/a"]);
  expect(await refusalOf(tree.sup.deleteChild("a"))).toBe("running");
});
