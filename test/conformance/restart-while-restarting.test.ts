/**
 * Children that cannot start again: OTP's rules 22 to 26. Between attempts the supervisor listens (OTP-9549).
 */
import { supervisor, VirtualClock } from "@orgtree/runtime";
import { describe, expect, test } from "vitest";
import { isElsewhere } from "../support/elsewhere.ts";
import { refusalOf, startTree } from "../support/start-tree.ts";
import { die, hangingWorker, lateWorker, scriptedWorker, slowWorker, worker, workerOnce, workerWith } from "../support/workers.ts";

const four = { maxRestarts: 4, periodMs: 1_000 };
/** Puts the next attempt off, so that the test can look at what is between two of them. */
const backoff = { minMs: 100, maxMs: 100, jitter: 0 };

describe("an escalation by retries", () => {
  test("one_for_one_escalation: retries use the budget up, and the supervisor takes the good child with it", async () => {
    await using tree = await startTree({
      intensity: four,
      children: [
        { id: "c1", logic: workerOnce() },
        { id: "c2", logic: worker },
      ],
    });
    await tree.order(["c1", die]);
    expect(tree.trace.lives()).toEqual([
      "-c1 failure",
      "!c1 failure",
      "!c1 failure",
      "!c1 failure",
      "!c1 failure",
      "-c2 shutdown",
      "-sup escalated",
    ]);
  });

  test("one_for_all_escalation: the retry is for the child that did not start, and all start over for it", async () => {
    await using tree = await startTree({
      strategy: "one-for-all",
      intensity: four,
      children: [
        { id: "c1", logic: worker },
        { id: "c2", logic: workerOnce() },
      ],
    });
    await tree.order(["c1", die]);
    const round = ["-c1 shutdown", "+c1", "!c2 failure"];
    expect(tree.trace.lives()).toEqual([
      "-c1 failure",
      "-c2 shutdown",
      "+c1",
      "!c2 failure",
      ...round,
      ...round,
      ...round,
      "-c1 shutdown",
      "-sup escalated",
    ]);
  });

  test("rest_for_one_escalation: the retry is for the child that did not start, and the one before it stays up", async () => {
    const children = [
      { id: "c1", logic: worker },
      { id: "c2", logic: workerOnce() },
      { id: "c3", logic: worker },
    ];
    await using tree = await startTree({ strategy: "rest-for-one", intensity: four, children });
    await tree.order(["c1", die]);
    const group = ["-c1 failure", "-c3 shutdown", "-c2 shutdown", "+c1", "!c2 failure"];
    expect(tree.trace.lives()).toEqual([...group, "!c2 failure", "!c2 failure", "!c2 failure", "-c1 shutdown", "-sup escalated"]);
  });

  test("simple_one_for_one_escalation: a dynamic supervisor ends with all its children", async () => {
    await using tree = await startTree({ strategy: "dynamic", intensity: four });
    await tree.sup.startChild({ id: "c1", logic: workerOnce() });
    await tree.sup.startChild({ id: "c2", logic: worker });
    await tree.order(["c1", die]);
    expect(tree.trace.lives().slice(-3)).toEqual(["!c1 failure", "-c2 shutdown", "-sup escalated"]);
  });
});

describe("a retry that comes up", () => {
  test("one_for_all: once the other child starts, all are up, and those that came up meanwhile are new again", async () => {
    const children = [
      { id: "a", logic: worker },
      { id: "b", logic: scriptedWorker("ok", "fail", "ok") },
      { id: "c", logic: worker },
    ];
    await using tree = await startTree({ strategy: "one-for-all", intensity: four, children });
    await tree.order(["c", die]);
    expect(tree.trace.lives()).toEqual(["-c failure", "-b shutdown", "-a shutdown", "+a", "!b failure", "-a shutdown", "+a", "+b", "+c"]);
    expect(await tree.list()).toEqual(["c running", "b running", "a running"]);
  });

  test("rest_for_one: only the failed one and those after it are redone", async () => {
    const children = [
      { id: "a", logic: worker },
      { id: "b", logic: scriptedWorker("ok", "fail", "ok") },
      { id: "c", logic: worker },
    ];
    await using tree = await startTree({ strategy: "rest-for-one", intensity: four, children });
    await tree.order(["a", die]);
    expect(tree.trace.lives()).toEqual(["-a failure", "-c shutdown", "-b shutdown", "+a", "!b failure", "+b", "+c"]);
  });

  test("the attempts of a child are numbered by its failures in a row, which a quiet period ends", async () => {
    await using tree = await startTree({
      intensity: { maxRestarts: 9, periodMs: 1_000 },
      children: [{ id: "a", logic: scriptedWorker("ok", "fail", "ok", "fail", "ok", "fail", "ok") }],
    });
    await tree.order(["a", die]);
    await tree.order(["a", die]);
    expect(tree.trace.waits().map(({ attempt }) => attempt)).toEqual([2, 4]);
    await tree.clock.advance(1_000);
    await tree.order(["a", die]);
    expect(tree.trace.waits().map(({ attempt }) => attempt)).toEqual([2]);
  });

  test.skipIf(isElsewhere)(
    "between two attempts the supervisor serves whoever was there first, such as the call that starts what the child needs",
    async () => {
      let isThere = false;
      let starts = 0;
      const needy = workerWith({
        init: (_input, turn) => {
          if (++starts > 1 && !isThere) throw new Error(`${turn.address} does not start`);
          return [];
        },
      });
      const needed = workerWith({
        init: () => {
          isThere = true;
          return [];
        },
      });
      await using tree = await startTree({ intensity: four, children: [{ id: "a", logic: needy }] });
      tree.system.tell("/sup/a", die);
      await tree.sup.startChild({ id: "needed", logic: needed });
      await tree.clock.settle();
      expect(tree.trace.lives()).toEqual(["-a failure", "!a failure", "+needed", "+a"]);
    },
  );

  test("a child that never starts does not keep its supervisor from stopping", async () => {
    await using tree = await startTree({
      intensity: { maxRestarts: 1_000_000, periodMs: 1_000 },
      children: [{ id: "a", logic: workerOnce() }],
    });
    tree.system.tell("/sup/a", die);
    await tree.stop();
    expect(tree.exit).toEqual({ kind: "shutdown" });
  });
});

describe("a child that waits for its next attempt", () => {
  async function waiting(id = "a") {
    const children = ["a", "b", "c"].map((name) => (name === id ? { id, backoff, logic: workerOnce() } : { id: name, logic: worker }));
    const tree = await startTree({ strategy: "rest-for-one", intensity: four, children });
    await tree.order([id, die]);
    tree.trace.lives();
    return tree;
  }

  test("is listed as restarting, with the time of the attempt, and does not count as active", async () => {
    await using tree = await waiting("c");
    expect(await tree.list()).toEqual(["c restarting", "b running", "a running"]);
    expect(await tree.counts()).toEqual([3, 2, 0, 3]);
    expect((await tree.sup.listChildren())[0]).toMatchObject({ id: "c", retryAtMs: 100, address: undefined });
    expect(tree.trace.waits()).toEqual([{ id: "c", attempt: 1, delayMs: 100 }]);
  });

  test("start_child says already_present; restart_child and delete_child say restarting", async () => {
    await using tree = await waiting();
    expect(await refusalOf(tree.sup.startChild({ id: "a", logic: worker }))).toBe("already-present");
    expect(await refusalOf(tree.sup.restartChild("a"))).toBe("restarting");
    expect(await refusalOf(tree.sup.deleteChild("a"))).toBe("restarting");
  });

  test("terminate_child ends the waiting: the attempt never comes", async () => {
    await using tree = await waiting("c");
    await tree.sup.terminateChild("c");
    expect(await tree.list()).toEqual(["c stopped", "b running", "a running"]);
    expect(tree.system.open.timers).toBe(0);
    await tree.clock.advance(1_000);
    expect(tree.trace.lives()).toEqual([]);
  });

  test("after terminate_child of a middle child under rest_for_one those behind it stay down until something starts them", async () => {
    await using tree = await waiting("b");
    expect(await tree.list()).toEqual(["c stopped", "b restarting", "a running"]);
    await tree.sup.terminateChild("b");
    await tree.clock.advance(1_000);
    expect(await tree.list()).toEqual(["c stopped", "b stopped", "a running"]);
    await tree.order(["a", die]);
    expect(tree.trace.lives()).toEqual(["-a failure", "+a", "!b failure"]);
  });

  test("a child of the same id that is started later knows nothing of the old attempt", async () => {
    await using tree = await waiting("c");
    await tree.sup.terminateChild("c");
    await tree.sup.deleteChild("c");
    await tree.sup.startChild({ id: "c", backoff: { minMs: 150, jitter: 0 }, logic: scriptedWorker("ok", "fail", "ok") });
    await tree.order(["c", die]);
    await tree.clock.advance(100);
    expect(tree.trace.lives()).toEqual(["+c", "-c failure"]);
    await tree.clock.advance(50);
    expect(tree.trace.lives()).toEqual(["!c failure"]);
  });

  test.skipIf(isElsewhere)("nor of one that was already on its way to the supervisor", async () => {
    const leaving = workerWith({
      init: (_input, turn) => {
        turn.exit();
        return [];
      },
    });
    await using tree = await startTree({ intensity: four, children: [{ id: "a", logic: workerOnce() }] });
    tree.system.tell("/sup/a", die); // Its retry goes behind the calls.
    await Promise.all([
      tree.sup.terminateChild("a"),
      tree.sup.deleteChild("a"),
      tree.sup.startChild({ id: "a", backoff: { minMs: 100, jitter: 0 }, logic: leaving }),
    ]);
    await tree.clock.settle();
    expect(tree.trace.lives()).toEqual(["-a failure", "!a failure", "+a", "-a normal"]);
    await tree.clock.advance(100);
    expect(tree.trace.lives()).toEqual(["+a", "-a normal"]);
  });

  test.skipIf(isElsewhere)("a kill of the supervisor leaves no timer of it", async () => {
    const team = supervisor({ children: [{ id: "x", backoff, logic: worker }] });
    await using tree = await startTree({ children: [{ id: "team", shutdownMs: "brutal-kill", logic: team }] });
    await tree.order(["team/x", die]);
    expect(tree.system.open.timers).toBe(1);
    await tree.sup.terminateChild("team");
    expect(tree.system.open.timers).toBe(0);
  });

  test("a stop of the supervisor does not wait for it", async () => {
    await using tree = await waiting("c");
    await tree.stop();
    expect(tree.trace.lives()).toEqual(["-b shutdown", "-a shutdown", "-sup shutdown"]);
    expect(tree.system.open.timers).toBe(0);
  });

  test("a restart of the group by another child starts it too, and its own attempt is off", async () => {
    const children = [
      { id: "a", logic: worker },
      { id: "b", backoff, logic: scriptedWorker("ok", "ok") },
    ];
    await using tree = await startTree({ strategy: "rest-for-one", intensity: four, children });
    await tree.order(["b", die]);
    await tree.order(["a", die]);
    expect(tree.trace.lives()).toEqual(["-b failure", "-a failure", "+a", "+b"]);
    await tree.clock.advance(1_000);
    expect(tree.trace.lives()).toEqual([]);
  });

  test("when a sibling does not start in its attempt, the next one is for the sibling, and this child just has no process", async () => {
    const children = [
      { id: "a", backoff, logic: workerOnce() },
      { id: "b", backoff, logic: worker },
    ];
    await using tree = await startTree({ strategy: "one-for-all", intensity: four, children });
    await tree.order(["b", die]);
    await tree.clock.advance(100);
    expect(await tree.list()).toEqual(["b stopped", "a restarting"]);
    await tree.sup.terminateChild("a");
    await tree.sup.restartChild("b");
    expect(await tree.list()).toEqual(["b running", "a stopped"]);
  });

  test("a sibling that waits with the group may be deleted meanwhile, and is not brought back", async () => {
    await using tree = await waiting("b");
    await tree.sup.deleteChild("c");
    await tree.clock.advance(100);
    expect(await tree.list()).toEqual(["b restarting", "a running"]);
  });
});

describe("an attempt that hangs", () => {
  const children = (clock: VirtualClock) => {
    let starts = 0;
    const late = lateWorker(clock, 50);
    const hangs = workerWith({
      init: (input, turn) => {
        starts++;
        if (starts === 1) return [];
        return starts === 2 ? hangingWorker.init(input, turn) : late.init(input, turn);
      },
    });
    return [
      { id: "a", logic: worker },
      { id: "b", startMs: 200, logic: hangs },
      { id: "c", logic: worker },
    ];
  };

  test("fails at its start deadline, which costs an attempt like any failure", async () => {
    const clock = new VirtualClock();
    await using tree = await startTree({ strategy: "one-for-all", intensity: four, children: children(clock) }, { clock });
    await tree.order(["a", die]);
    expect(await tree.list()).toEqual(["c stopped", "b starting", "a running"]);
    await clock.advance(200);
    expect(tree.trace.lives()).toEqual(["-a failure", "-c shutdown", "-b shutdown", "+a", "!b failure", "-a shutdown", "+a"]);
    await clock.advance(50);
    expect(tree.trace.lives()).toEqual(["+b", "+c"]);
  });

  test("is cut short by terminate_child of that very child, and the supervisor is free again", async () => {
    const clock = new VirtualClock();
    await using tree = await startTree({ strategy: "rest-for-one", intensity: four, children: children(clock) }, { clock });
    await tree.order(["b", die]);
    await tree.sup.terminateChild("b");
    expect(await tree.list()).toEqual(["c stopped", "b stopped", "a running"]);
    await tree.order(["a", die]);
    await clock.advance(50);
    expect(await tree.list()).toEqual(["c running", "b running", "a running"]);
  });

  test("is cut short by the stop of the supervisor", async () => {
    const clock = new VirtualClock();
    await using tree = await startTree({ strategy: "one-for-all", intensity: four, children: children(clock) }, { clock });
    await tree.order(["a", die]);
    tree.trace.lives();
    await tree.stop();
    expect(tree.trace.lives()).toEqual(["!b shutdown", "-a shutdown", "-sup shutdown"]);
  });

  test("is cut short before the others are stopped, so that it does not come up in the middle of a shutdown", async () => {
    const clock = new VirtualClock();
    let starts = 0;
    const late = lateWorker(clock, 50);
    const slow = workerWith({ init: (input, turn) => (starts++ === 0 ? [] : late.init(input, turn)) });
    const children = [
      { id: "a", logic: slow },
      { id: "b", logic: slowWorker(clock, 100) },
    ];
    await using tree = await startTree({ intensity: four, children }, { clock });
    await tree.order(["a", die]);
    await tree.stop(100);
    expect(tree.trace.lives()).toEqual(["-a failure", "!a shutdown", "-b shutdown", "-sup shutdown"]);
  });

  test("a sibling that dies meanwhile is dealt with afterwards", async () => {
    const clock = new VirtualClock();
    await using tree = await startTree({ strategy: "rest-for-one", intensity: four, children: children(clock) }, { clock });
    await tree.order(["b", die]);
    await tree.order(["a", die]);
    expect(tree.trace.lives()).toEqual(["-b failure", "-c shutdown", "-a failure"]);
    await clock.advance(200);
    await clock.advance(50);
    expect(await tree.list()).toEqual(["c running", "b running", "a running"]);
  });
});

test("a dynamic child whose restart ignores is gone, and the shutdown afterwards is clean", async () => {
  await using tree = await startTree({ strategy: "dynamic", intensity: four });
  await tree.sup.startChild({ id: "a", logic: scriptedWorker("ok", "ignore") });
  await tree.order(["a", die]);
  expect(await tree.list()).toEqual([]);
  await tree.stop();
  expect(tree.trace.contexts()).toEqual(["child-terminated a"]);
});
